/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who an indirect call may reach, from the bytes alone: a kcfi check lets a call through only to an
 * address whose four preceding bytes are the demanded id. A set here holds every function with that
 * id; the call graph leaves out those whose address nothing reachable takes, and the build then
 * overwrites their ids, so that the check enforces what was assumed.
 */
#ifndef REXC_LINKER_CALLEE_H
#define REXC_LINKER_CALLEE_H

#include "linker/code.h"

struct callee_set {
    uint32_t id;
    uint32_t first; /* its functions: members[first .. first + count) */
    uint32_t count;
};

struct callee_sets {
    struct callee_set *sets; /* one for each demanded id, by id */
    uint32_t set_count;
    uint32_t *members; /* indices in code->functions */
};

/* Returns -1 when memory ran out; then *sets is empty. callee_free() in either case. */
int callee_find(const struct code *code, struct callee_sets *sets);
void callee_free(struct callee_sets *sets);
/* The index of the set of an id; CODE_NONE when no call demands it. */
uint32_t callee_set_of(const struct callee_sets *sets, uint32_t id);

#endif
