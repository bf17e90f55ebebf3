/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compiler's call frame information says of rsp, against what the machine code says
 * (frame.h). The bound does not rest on it: a disagreement means that one of the two is wrong, and
 * then nobody should rely on either. (DWARF 5, 6.4.)
 */
#ifndef REXC_LINKER_CFI_H
#define REXC_LINKER_CFI_H

#include <stddef.h>

struct callgraph;
struct diag;

/* Compares every reached instruction of the reachable functions that .debug_frame describes, where
 * it counts from rsp or rbp. Reports up to a dozen disagreements. Returns -1 when there is one or
 * when memory ran out; else 0, and *compared says of how many instructions it was so. An object
 * without .debug_frame has none. */
int cfi_check(struct diag *diag, struct callgraph *graph, size_t *compared);

#endif
