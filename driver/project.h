/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The project model: which crates make up a program, from its Cargo package and the packages it
 * depends on, in the order in which they are compiled. What cannot be compiled under the policy
 * (build scripts, procedural macros, foreign libraries, sources that are not here) is refused here,
 * before anything runs.
 */
#ifndef REXC_DRIVER_PROJECT_H
#define REXC_DRIVER_PROJECT_H

#include "driver/cargo.h"
#include "driver/features.h"
#include "driver/toolchain.h"

struct project_options {
    const char *directory; /* as the user named it */
    const char *package;   /* -p; NULL */
    const char *program;   /* --bin; NULL */
    const struct feature_request *features;
    const struct toolchain *toolchain;
    const struct installation *installation;
    const struct record_key *key;
    struct digests *digests;
    bool library_is_enough; /* `rexc check` and `rexc test`: a package without a program will do */
    bool dry_run;           /* -###: cargo is not asked */
    bool verbose;
};

/* One call of the compiler: a package's library or the program. */
struct crate {
    const struct package *package;
    const struct target *target;
    char *name; /* identifier: --crate-name */
    struct crate_use *uses;
    size_t use_count;
    /* What distinguishes crates of one name, without a path: goes into symbol names (-Cmetadata).
     */
    char *identity;
};

struct project {
    char *directory;      /* absolute; what the user named */
    char *build;          /* directory/target/rex/.build */
    char *output;         /* directory/target/rex */
    struct package *root; /* the program's package */
    struct package_list packages;
    struct crate *
        crates; /* each after the crates it uses; the program, or the root's library, is the last */
    size_t crate_count;
    bool has_program;
};

/* Reports what is wrong and returns -1 with *project NULL. */
int project_load(struct diag *diag, const struct project_options *options,
                 struct project **project);
void project_free(struct project *project);

/* A path as messages show it: relative to the project's directory when it is below. Not to free().
 */
const char *project_shown(const struct project *project, const char *path);

/* The program's crate: the last one. */
const struct crate *project_program(const struct project *project);

/* Is that name one that no package may take: core and its like, whose place it could take in code?
 */
bool project_name_is_reserved(const char *name);
/* The same, or the name of a crate that comes with rexc. */
bool project_name_is_taken(const char *name);

#endif
