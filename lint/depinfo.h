/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rustc's dep-info (`--emit=dep-info`): a Makefile fragment with the files that a compilation read,
 * and comments with their checksums (-Zchecksum-hash-algorithm=sha256) and the environment
 * variables that the program asked for.
 *
 *     out.rmeta: src/main.rs src/a\ b.rs
 *     # env-dep:NAME=VALUE
 *     # checksum:sha256=HEX file_len:123 src/main.rs
 */
#ifndef REXC_LINT_DEPINFO_H
#define REXC_LINT_DEPINFO_H

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>

struct depinfo_file {
    char *path;      /* as rustc was given it, relative to its working directory or absolute */
    char sha256[65]; /* "" when there is none */
};

struct depinfo {
    struct depinfo_file *files; /* sorted by path, each once */
    size_t count;
    struct strings variables; /* NAME or NAME=VALUE */
};

/* Parses text that need not be well-formed. Returns NULL, or what is wrong with it (a constant
 * string); *depinfo is to be freed in either case. */
const char *depinfo_parse(struct depinfo *depinfo, const char *text, size_t size);
void depinfo_free(struct depinfo *depinfo);

const struct depinfo_file *depinfo_find(const struct depinfo *depinfo, const char *path);

#endif
