/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan of a build: every source file of the program and its dependencies, before anything is
 * made from them. The rex crate that comes with rexc is not scanned; it is known by its content.
 *
 *     struct scan *scan = scan_new();
 *     scan_file(...) for each file that is known or that dep-info names;
 *     scan_needs_expansion(scan) -> expansion_command(), expansion_result() for each crate
 * (expansion.h); scan_finish(...)
 */
#ifndef REXC_LINT_SCAN_H
#define REXC_LINT_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;
struct diag;
struct scan;

struct scan *scan_new(void);
void scan_free(struct scan *scan);

/* Reads and scans a file. edition: 2015, 2018, 2021 or 2024, of its crate. A path that was scanned
 * before is not read again; in another edition its bytes are scanned again. Returns 0 when nothing
 * in it is refused, -1 after reports (of what is refused, or that the file cannot be read). */
int scan_file(struct scan *scan, struct diag *diag, const char *path, int edition);

/* The build has libraries that were compiled beforehand: their macros, of whatever edition, are not
 * among the files. */
void scan_expect_macros(struct scan *scan);

/* What scan_export() said of crates that the build has compiled already. Returns 0 or -1. */
int scan_declare(struct scan *scan, struct diag *diag, const char *declarations);

/* Is a macro defined anywhere, so that the source text does not show all the code there is? */
bool scan_needs_expansion(const struct scan *scan);

/* Takes a crate's source after macro expansion (owned by the scan from then on). */
int scan_add_expansion(struct scan *scan, struct diag *diag, const char *crate, char *text,
                       size_t size, int edition);

/* The rules that need all sources at once. Returns 0, or -1 after reports. */
int scan_finish(struct scan *scan, struct diag *diag);

/* After scan_finish(): appends what a build that uses these crates, and does not have their
 * sources, has to know of their types (types.h). */
void scan_export(const struct scan *scan, struct buffer *declarations);

/* The scanned files, in the order in which they came. */
size_t scan_count(const struct scan *scan);
const char *scan_path(const struct scan *scan, size_t index);
/* 64 hexadecimal digits. */
const char *scan_sha256(const struct scan *scan, size_t index);
/* By path; NULL when it was not scanned. */
const char *scan_find_sha256(const struct scan *scan, const char *path);

#endif
