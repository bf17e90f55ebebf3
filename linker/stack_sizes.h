/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The size that the compiler gave each frame (section .stack_sizes of the linked image, from
 * -Zemit-stack-sizes), against what the machine code says (frame.h). As with the call frame
 * information (cfi.h) the bound does not rest on it: where the two differ, one is wrong.
 */
#ifndef REXC_LINKER_STACK_SIZES_H
#define REXC_LINKER_STACK_SIZES_H

#include <stddef.h>

struct callgraph;
struct diag;

/* Compares the reachable functions that the section describes. Reports up to a dozen
 * disagreements. Returns -1 when there is one, when the section is missing or damaged, or when
 * memory ran out; else 0, and *compared says of how many functions it was so. */
int stack_sizes_check(struct diag *diag, struct callgraph *graph, size_t *compared);

#endif
