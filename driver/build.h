/* SPDX-License-Identifier: Apache-2.0 */
/* `rexc build` and `rexc check`: a Cargo package through the pipeline, one build at a time in a
 * directory. */
#ifndef REXC_DRIVER_BUILD_H
#define REXC_DRIVER_BUILD_H

#include "driver/features.h"
#include "driver/pipeline.h"

struct build_options {
    const char *directory;
    const char *package; /* -p; NULL */
    const char *program; /* --bin; NULL */
    struct feature_request features;
    const char *output; /* -o; NULL: directory/target/rex/NAME.rex */
    struct pipeline_options pipeline;
};

struct build_result {
    char *output;           /* its path, as the user named the directory */
    size_t size;            /* bytes */
    bool was_fresh;         /* nothing had to be done */
    struct inputs programs; /* INPUT_VALUE: "TYPE NAME" and "BOUND[ checked]" */
};

/* Reports what is wrong and returns -1; the output is then as it was. */
int build_project(struct diag *diag, const struct build_options *options,
                  struct build_result *result);
void build_result_free(struct build_result *result);

/* Waits for other builds in the directory and keeps them out: an open file that holds the lock
 * until it is closed. Makes the directory, and removes what an interrupted build left. -1 after a
 * report. */
int build_lock(struct diag *diag, const char *build, bool quiet);

#endif
