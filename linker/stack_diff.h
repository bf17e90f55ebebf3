/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changed between two objects: their programs' bounds, and the frames of the deepest paths.
 * Programs and functions are the same when their symbols are.
 */
#ifndef REXC_LINKER_STACK_DIFF_H
#define REXC_LINKER_STACK_DIFF_H

#include "linker/stack.h"

struct buffer;
struct diag;

/* A line for each program and for the panic body; below it those functions of its deepest paths
 * that take more or less than before. At most 100 columns. */
int stack_diff_text(struct diag *diag, const struct stack_result *old_result,
                    const struct stack_result *new_result, struct buffer *out);

/* One line of JSON, format 1:
 *   {"format":1,"programs":[{"name","old":{"bound","checked"},"new":{...},"change",
 *     "frames":[{"function","old","new","change","file","line"}]}],
 *    "panic":{...as a program}}
 * old or new, and then change, are null for a program or a frame that only the other object has,
 * and such a program has no frames. bound is null with checks, and then "first_check" is the bytes
 * to the first check; change compares whichever of the two there is. */
int stack_diff_json(struct diag *diag, const struct stack_result *old_result,
                    const struct stack_result *new_result, struct buffer *out);

#endif
