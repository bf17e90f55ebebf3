/* SPDX-License-Identifier: Apache-2.0 */
/* tc's filters, over rtnetlink(7): libbpf removes one, but cannot say which there are. */
#ifndef REXC_LOADER_FILTERS_H
#define REXC_LOADER_FILTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A bpf filter of an interface's clsact or ingress qdisc. */
struct filter {
    unsigned ifindex;
    uint32_t parent, handle;
    uint32_t info;    /* tcm_info: priority and protocol */
    uint32_t program; /* id of its BPF program */
};

/* Calls visit for each filter of an interface, until it returns false. A negative error number, or
 * 0. */
int filters_each(unsigned ifindex, bool (*visit)(void *data, const struct filter *filter),
                 void *data);
int filter_remove(const struct filter *filter);

#endif
