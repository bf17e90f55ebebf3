/* SPDX-License-Identifier: Apache-2.0 */
/* What the analysis found, for people and for programs. */
#ifndef REXC_LINKER_STACK_REPORT_H
#define REXC_LINKER_STACK_REPORT_H

#include "linker/stack.h"

struct buffer;
struct diag;

/* For each program its bound, limit and deepest path; checks, indirect calls, panic body. At most
 * 100 columns. */
int stack_report_text(struct diag *diag, const struct stack_result *result, struct buffer *out);

/* One line of JSON, format 1:
 *   {"format":1,"programs":[{"name","type","bound","limit","checked","panic_bound",
 *     "headroom",
 *     "path":[{"function","bytes","file","line","part","inlined":[{"function","file","line"}],
 *              "call"}],
 *     "largest":{"function","bytes","variables":[{"name","bytes","file","line"}]},
 *     "checks":[{"function","cycle":[...],"need"}]}],
 *    "panic":{...as a program, without type},
 *    "indirect":[{"id","members":[{"function","taken","reason"}]}],
 *    "cross_checked","helpers":{"function","bytes","reserve"}}
 * bound and headroom are null for a program with checks, and then "first_check" is the bytes to the
 * first check; file and line are left out when unknown; "call" is "call", "jump" or "end"; "part"
 * is "program", "panic" or "import"; cross_checked is of how many instructions the compiler's call
 * frame information says the same; largest is the frame of the path that takes most. */
int stack_report_json(struct diag *diag, const struct stack_result *result, struct buffer *out);

#endif
