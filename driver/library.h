/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries made by `rexc -c`: an .rlib, and beside it NAME.rlib.rexc, the record of the policy
 * that it passed, of what it was made with and from, and of its content. The record is
 * authenticated with the user's key (fingerprint.h), so it cannot be written by hand for an .rlib
 * that something else made.
 */
#ifndef REXC_DRIVER_LIBRARY_H
#define REXC_DRIVER_LIBRARY_H

#include "driver/crates.h"

struct diag;
struct session;

struct library {
    char *path;  /* where it was found */
    char *crate; /* --crate-name */
    char *copy;  /* of the bytes that were checked: what the compiler and the linker get */
    struct inputs sources; /* INPUT_FILE: names as in the object, digests */
    char *declarations;    /* scan_export() of its crates */
    struct strings uses;   /* SHA-256 of the libraries that it was compiled against */
    char digest[HASH_HEX_SIZE];
};

struct libraries {
    struct library *items;
    size_t count;
};

/* Where libraries may come from, and what they must have been made with. */
struct library_context {
    const struct session *session;
    const struct sysroot *sysroot;
    const struct strings *search; /* -L: directories */
    const char *directory;        /* for copies */
};

/* Takes the library at path, and those that it uses, found beside it or in the search directories:
 * checks each with its record and appends it, unless it is there already, before those it uses.
 * *index is its place. Reports DIAG_RLIB_RECORD. */
int library_take(struct diag *diag, const struct library_context *context, const char *path,
                 struct libraries *libraries, size_t *index);
/* The path of the library of crate NAME in the search directories; NULL when there is none. To
 * free(). */
char *library_find(const struct library_context *context, const char *name);
void libraries_free(struct libraries *libraries);

/* Writes the output of a job, which is complete, to path, with its record. used: what it was
 * compiled against; declarations: scan_export() of its crates. */
int library_write(struct diag *diag, const struct library_context *context,
                  const struct crate_job *job, const struct libraries *used,
                  const char *declarations, const char *path);

#endif
