/* SPDX-License-Identifier: Apache-2.0 */
/* The call graph as a picture: one bar for each function, as wide as its frame, where on the stack
 * it lies at the deepest. */
#ifndef REXC_LINKER_STACK_SVG_H
#define REXC_LINKER_STACK_SVG_H

#include "linker/stack.h"

struct buffer;
struct diag;

/* A chart for each program, for the panic body, and for what lies behind each check. Each function
 * of a chart has one row, below the caller that takes it deepest; the deepest paths come first, and
 * of very large graphs they are all there is. */
int stack_report_svg(struct diag *diag, const struct stack_result *result, struct buffer *out);

#endif
