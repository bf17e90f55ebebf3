/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A crate's source after macro expansion, for the rules that must see what macros made (shapes.h).
 * Only builds in which a macro is defined need it: scan_needs_expansion().
 */
#ifndef REXC_LINT_EXPANSION_H
#define REXC_LINT_EXPANSION_H

#include "base/memory.h"
#include "base/process.h"

struct diag;
struct scan;

struct expansion_run {
    struct process process;
    struct strings arguments;
    struct strings environment;
};

/* rustc: path of the compiler. arguments: as in struct lint_request, with those of
 * lint_compile_arguments. Fills run->process. */
void expansion_command(const char *rustc, const struct strings *arguments, bool verbose,
                       struct expansion_run *run);

/* Evaluates the run after it has ended and adds its text to the scan. Call it when the lint run
 * passed: what keeps the crate from being expanded has been shown by it. Returns -1 after a report.
 */
int expansion_result(struct diag *diag, struct expansion_run *run, const char *crate, int edition,
                     struct scan *scan);

void expansion_run_free(struct expansion_run *run);

#endif
