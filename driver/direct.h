/* SPDX-License-Identifier: Apache-2.0 */
/* As a cross-compiler is called: source files in, a library or an object out, nothing else left
 * behind. */
#ifndef REXC_DRIVER_DIRECT_H
#define REXC_DRIVER_DIRECT_H

#include "driver/pipeline.h"

struct direct_options {
    struct strings sources; /* FILE.rs: libraries in the order of their use, and last the program */
    const char *output;     /* -o */
    bool library_only;      /* -c: every source becomes a library */
    bool dependencies;      /* -MD */
    const char *depfile;    /* -MF; NULL: the output's name with the ending .d */
    struct strings search;  /* -L */
    struct strings externs; /* --extern: NAME=PATH or NAME */
    const char *edition;
    const char *license; /* SPDX expression; NULL */
    struct pipeline_options pipeline;
};

/* Compiles. Reports what is wrong and returns -1; the output is then as it was. */
int direct_compile(struct diag *diag, const struct direct_options *options);

#endif
