/* SPDX-License-Identifier: Apache-2.0 */
/* One crate in one build: what of it must run, its processes, and what came of them. For crates.c.
 */
#ifndef REXC_DRIVER_CRATE_WORK_H
#define REXC_DRIVER_CRATE_WORK_H

#include "base/process.h"
#include "driver/crates.h"
#include "lint/clippy.h"
#include "lint/expansion.h"
#include "lint/scan.h"

/* What becomes of a job in this run. */
struct work {
    struct crate_job *job;
    struct compile_request request;
    bool done;
    struct strings externs;
    struct strings shared; /* arguments that lint and compile have in common */
    char *directory;       /* for this run's files */
    /* Compile. */
    bool compiles;
    struct inputs compile_values;
    char *compile_record;
    char *fresh_output, *fresh_depinfo, *pass_config, *pass_report; /* in directory */
    struct strings arguments, environment;
    struct process process;
    struct strings placed;   /* checks that the pass put into this crate */
    struct depinfo compiled; /* files that the compiler read: now, or by the record */
    /* Lint. */
    bool lints;
    struct inputs lint_values;
    char *lint_record;
    char *messages; /* path of what the run said, to be said again */
    struct lint_request lint_request;
    struct lint_run lint;
    struct depinfo linted;
    /* Expansion: wanted when some macro of the build is defined. */
    bool expands;
    bool expands_late;  /* after the others: that it is wanted was seen in another crate */
    bool has_expansion; /* the kept text belongs to the lint record */
    char *expanded;     /* path of the kept text */
    struct expansion_run expansion;
};

struct crates {
    struct diag *diag;
    const struct crate_context *context;
    struct crate_job *jobs;
    struct work *works;
    size_t count;
    char *directory; /* of this run */
    struct scan *scan;
    bool scan_is_stale;
    struct strings placed; /* checks that the pass put somewhere */
};

/* Fills in what is known from the start. */
void crate_work_begin(const struct crates *crates, struct work *work);
/* Decides what must run, now that the crates it uses are there, and prepares the processes. */
int crate_work_prepare(struct crates *crates, struct work *work);
/* Evaluates the processes after they have ended; reports what is wrong. */
int crate_work_finish(struct crates *crates, struct work *work);
/* The source after macro expansion: is there one that was kept with the lint; take that one for the
 * scan; or prepare work->expansion, and evaluate it after it has ended. */
bool crate_work_has_expansion(const struct crates *crates, const struct work *work);
int crate_work_reuse_expansion(struct crates *crates, struct work *work);
void crate_work_prepare_expansion(const struct crates *crates, struct work *work);
int crate_work_finish_expansion(struct crates *crates, struct work *work);
void crate_work_free(struct work *work);

#endif
