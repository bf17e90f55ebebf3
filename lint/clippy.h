/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lint run of a crate: clippy-driver with the arguments of the compile run, the policy's lints
 * forced, and an environment built from nothing. It can run beside the compile run.
 *
 * The lints are forced with --force-warn. That is stronger than -F: no attribute, no -A and no
 * --cap-lints weakens it, and an innocent `#![allow(clippy::all)]` does not become an error
 * (E0453), after which rustc would lint no further.
 *
 * This run does the talking: rustc's and clippy's errors and warnings are shown from here, and the
 * compile run is told to keep its lints to itself (--cap-lints=allow) and is heard only when the
 * lint run found nothing wrong.
 */
#ifndef REXC_LINT_CLIPPY_H
#define REXC_LINT_CLIPPY_H

#include "base/memory.h"
#include "base/process.h"
#include "lint/depinfo.h"

#include <stdbool.h>

struct diag;
struct scan;

/* Appends what the compile run needs so that both runs see the same source: the --cfg that
 * clippy-driver sets, no unstable features, checksums in dep-info, and silence of its lints. */
void lint_compile_arguments(struct strings *arguments);

struct lint_request {
    const char *clippy; /* path of clippy-driver, of the compiler's version */
    /* The compile run's arguments: root file, --crate-name, --edition, flags, --cfg, --extern, -L,
     * those of lint_compile_arguments ... without the program's name, --emit, -o and --out-dir.
     * --cap-lints,
     * --error-format and --json may be there and are not passed on. */
    const struct strings *arguments;
    const char *crate;     /* --crate-name: names the run's files */
    const char *directory; /* private to rexc; clippy.toml and the run's output go there */
    bool warnings;         /* show warnings: for the author's own packages */
    bool verbose;          /* the command is printed */
};

struct lint_run {
    struct process process; /* for process_start and process_wait_all */
    struct strings arguments;
    struct strings environment;
    char *configuration; /* clippy.toml */
    char *depinfo;       /* path that dep-info is written to */
};

/* Prepares the run: writes clippy.toml and fills run->process. Returns -1 after a report. */
int lint_command(struct diag *diag, const struct lint_request *request, struct lint_run *run);

/* Evaluates the run after it has ended: shows its messages, the policy's as the policy's. Returns 0
 * when the crate passed, with its dep-info in *depinfo (less clippy.toml; to be freed), or -1 after
 * at least one report. */
int lint_result(struct diag *diag, const struct lint_request *request, struct lint_run *run,
                struct depinfo *depinfo);

void lint_run_free(struct lint_run *run);

/* Did lint run, compile run and lexer scan read the same bytes? paths must be the same strings in
 * all three. Also refuses what the compile run asked of the environment. Returns -1 after a report.
 */
int lint_compare(struct diag *diag, const struct depinfo *lint, const struct depinfo *compile,
                 const struct scan *scan);

#endif
