/* SPDX-License-Identifier: Apache-2.0 */
/* Where a program is attached, as people write it: "eth0:ingress", "do_unlinkat", "cpu-clock@99".
 */
#ifndef REXC_LOADER_TARGET_H
#define REXC_LOADER_TARGET_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;
struct diag;

enum target_xdp_mode { TARGET_XDP_ANY, TARGET_XDP_NATIVE, TARGET_XDP_GENERIC };

struct target {
    const char *text; /* as given; NULL: what the program's section says */
    char interface[IF_NAMESIZE];
    unsigned ifindex;         /* xdp, tc */
    enum target_xdp_mode xdp; /* xdp */
    bool egress;              /* tc */
    char function[256];       /* kprobe */
    uint64_t offset;          /* kprobe */
    char category[128];       /* tracepoint */
    char event[128];          /* tracepoint */
    uint32_t perf_type;       /* perf_event: PERF_TYPE_* */
    uint64_t perf_config;     /* perf_event: PERF_COUNT_* */
    uint64_t frequency;       /* perf_event: Hz */
};

/* Takes a target apart for a program of that BPF_PROG_TYPE_*. text is kept, and NULL allowed.
 * Reports and returns -1 when it is none. */
int target_parse(struct diag *diag, const char *program, int type, const char *text,
                 struct target *target);

#endif
