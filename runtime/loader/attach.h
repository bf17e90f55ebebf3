/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attaching a program so that it stays attached when this process has ended: through links that are
 * pinned, or for tc, through a filter, which stays by itself.
 */
#ifndef REXC_LOADER_ATTACH_H
#define REXC_LOADER_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_program;
struct diag;
struct target;

/* What was done, to undo it. */
struct attachment {
    char **pins; /* of links */
    size_t pin_count;
    bool has_filter;
    unsigned ifindex;
    bool egress;
    uint32_t handle, priority;
};

/* Attaches it, and pins links below directory as PROGRAM-link, PROGRAM-link2 and so on. On failure
 * reports, undoes what was done, and returns -1. */
int attach_program(struct diag *diag, const struct bpf_program *program,
                   const struct target *target, const char *directory,
                   struct attachment *attachment);
void attachment_undo(struct attachment *attachment);
void attachment_free(struct attachment *attachment);

/* Removes a filter of tc's. Returns a negative error number. */
int attach_remove_filter(unsigned ifindex, bool egress, uint32_t handle, uint32_t priority);

#endif
