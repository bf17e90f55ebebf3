/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of rustc for one crate. Lint and compile get the same words for everything that
 * decides what the source means (cfgs, edition, crates, features), so that what is checked is what
 * is compiled.
 */
#ifndef REXC_DRIVER_COMPILE_H
#define REXC_DRIVER_COMPILE_H

#include "driver/sysroot.h"
#include "driver/toolchain.h"

#include <stdbool.h>

struct compile_request {
    const struct toolchain *toolchain;
    const struct sysroot *sysroot;
    const char *name;   /* --crate-name */
    const char *source; /* absolute path of the root file */
    const char *edition;
    const char *identity;           /* what distinguishes crates of one name; no path is in it */
    bool program;                   /* a program: an object file; else a library: an rlib */
    const struct strings *features; /* that are on */
    const struct strings *known_features; /* that #[cfg(feature)] may ask about */
    const struct strings *externs;        /* NAME=PATH of each crate that the source may name */
    const struct strings *search;         /* directories with the crates behind those */
    const struct strings *remaps;         /* FROM=TO: paths as they stand in the object */
    const char *optimisation;             /* "0" to "3", as -O; "2" by default */
    bool debug;                           /* debug information: lines, and types for .BTF */
};

/* The words that lint and compile share; without the program's path as first word, and without
 * outputs. */
void compile_shared_arguments(const struct compile_request *request, struct strings *arguments);

/* The whole command that compiles, with the pass. output: the rlib or object file; depfile: rustc's
 * dep-info. */
void compile_arguments(const struct compile_request *request, const char *output,
                       const char *depfile, struct strings *arguments);

/* A path as it stands in the object, by the same rules as rustc's --remap-path-prefix. To free().
 */
char *compile_remapped(const struct strings *remaps, const char *path);

/* What rustc and cargo cannot be told, or has no place in the object's note, is refused by name.
 * Returns -1 after a report. */
int compile_check_path(struct diag *diag, const char *path);
/* The same of a directory that the compiler writes to. */
int compile_check_build_path(struct diag *diag, const char *path);

#endif
