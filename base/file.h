/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole-file reads, atomic writes, directories, paths. Failures are reported with path and
 * reason. */
#ifndef REXC_BASE_FILE_H
#define REXC_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;

/* Reads a regular file of at most limit bytes (0: 1 GiB). *data is malloc'ed and NUL-terminated one
 * past *size. */
int file_read(struct diag *diag, const char *path, size_t limit, char **data, size_t *size);
/* As file_read(), and also of what has no size: a pipe is read until it ends. */
int file_read_input(struct diag *diag, const char *path, size_t limit, char **data, size_t *size);

/* Writes path as a whole or not at all: a temporary file in the same directory, fsync, rename. An
 * interrupted process leaves the old file; stale temporaries (.NAME.tmp.PID.N) of dead processes in
 * that directory are removed on the next write of the same path. What is there and is no regular
 * file (/dev/null, a pipe) is written to instead. */
int file_write_atomic(struct diag *diag, const char *path, const void *data, size_t size,
                      mode_t mode);
/* The same without waiting for the disk: after a power failure the file may be empty. For what is
 * checked by its content when it is read, and made again when it is wrong. */
int file_write_cache(struct diag *diag, const char *path, const void *data, size_t size,
                     mode_t mode);

/* As mkdir -p. */
int file_make_directories(struct diag *diag, const char *path, mode_t mode);
/* As rm -r; a missing path is no error. Does not follow symbolic links. */
int file_remove_tree(struct diag *diag, const char *path);
bool file_exists(const char *path);
bool file_is_directory(const char *path);
/* Do both paths lead to one file that is there? */
bool file_is_same(const char *a, const char *b);

/* a/b with exactly one slash between; b alone when b is absolute. To free(). Never NULL (see
 * memory.h). */
char *path_join(const char *a, const char *b);
char *path_dirname(const char *path);
const char *path_basename(const char *path);
/* Absolute, symbolic links resolved; NULL with errno when it does not exist. To free(). */
char *path_resolve(const char *path);

#endif
