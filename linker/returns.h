/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which functions may return. After a call to one that never does, LLVM emits nothing: what follows
 * is other code, or the function's end. That a function never returns is proved, not believed: it
 * is what is left when everything that might return has been found, starting from the return
 * instructions.
 */
#ifndef REXC_LINKER_RETURNS_H
#define REXC_LINKER_RETURNS_H

#include "linker/callee.h"
#include "linker/code.h"

struct returns {
    bool *functions; /* by index in code->functions: it may return */
    bool *sets;      /* by index in callee_sets.sets: a member may return */
};

/* Linear in the size of the code. Returns -1 when memory ran out; returns_free() in either case. */
int returns_find(const struct code *code, const struct callee_sets *sets, struct returns *returns);
void returns_free(struct returns *returns);

#endif
