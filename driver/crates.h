/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the source of crates to linted machine code. Each crate is linted and compiled side by side,
 * crates that do not need each other likewise, and what is as it was is left alone: each of the
 * steps has a record of its own.
 */
#ifndef REXC_DRIVER_CRATES_H
#define REXC_DRIVER_CRATES_H

#include "driver/compile.h"
#include "driver/fingerprint.h"
#include "driver/package.h"

struct diag;

/* One crate. */
struct crate_job {
    /* In; the strings and lists are owned. */
    char *title;  /* "helper 0.1.0", for messages */
    char *name;   /* --crate-name */
    char *source; /* root file, relative to the working directory or absolute */
    char *edition;
    char *identity;
    bool program;
    bool own;                                        /* the author's: its warnings are shown */
    struct strings features, known_features, remaps; /* as in struct compile_request */
    struct strings libraries; /* NAME=PATH of each library of `rexc -c` that its source may name */
    struct crate_use *uses;   /* what its source may name; indices of jobs */
    size_t use_count;
    char *stem;   /* path of its outputs without ending */
    char *output; /* stem + ".rlib" or ".o" */
    /* Out. */
    struct inputs sources; /* INPUT_FILE: each file that was read, with its digest */
};

struct crate_context {
    const struct toolchain *toolchain;
    const struct installation *installation;
    const struct sysroot *sysroot;
    const struct record_key *key;
    struct digests *digests;
    const char *build; /* directory for records and for files of this run */
    const char *name;  /* of the program: its scan's record */
    const char *optimisation;
    bool debug;
    /* Directories with the crates behind those that a source names: the outputs of jobs, libraries
     * of `rexc -c`. */
    const struct strings *search;
    /* scan_export() of each library of `rexc -c` that the build is given; NULL: none. */
    const struct strings *library_declarations;
    /* Gets the same of these crates; NULL: not wanted. */
    struct buffer *declarations;
    /* Functions that get a stack check (symbols, sorted); NULL: none. */
    const struct strings *checks;
    unsigned jobs;    /* processes at once, at least 1 */
    bool check_only;  /* lint only: of the last crate nothing is compiled */
    bool errors_only; /* the lint run shows no warnings */
    bool recompile;   /* a second round: lint and scan have passed for these sources */
    bool verbose;
    bool dry_run;
};

/*
 * Makes every job's output, in an order in which each comes after those it uses (jobs are in such
 * an order). Reports what is wrong and returns -1; outputs that were complete before are as they
 * were.
 */
int crates_build(struct diag *diag, const struct crate_context *context, struct crate_job *jobs,
                 size_t count);

void crate_jobs_free(struct crate_job *jobs, size_t count);

#endif
