/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs are compiled against: core, compiler_builtins, the rex crate and its macros,
 * compiled once per (compiler, flags, pass, crate sources) into a content-addressed cache
 * directory.
 *
 *   CACHE/sysroot/KEY/          complete entries only: made under a temporary name, then renamed
 *     libcore.rlib libcompiler_builtins.rlib librex.rlib   for the target
 *     host/                      librex_macros-*.so and what it needs; librex for `rexc test`
 *     empty/                     an empty directory: rustc's --sysroot
 *     manifest.json              each file's size, SHA-256 and identity when it was last hashed
 *   KEY.lock beside KEY        flock: one process makes an entry, others wait for it
 *
 * There are complete entries only: each is made under a temporary name, then renamed.
 */
#ifndef REXC_DRIVER_SYSROOT_H
#define REXC_DRIVER_SYSROOT_H

#include "driver/toolchain.h"

#include <stdbool.h>

enum sysroot_variant {
    SYSROOT_PLAIN,   /* no stack checks anywhere */
    SYSROOT_CHECKED, /* core's own cycles are cut by stack checks; for programs with a reachable
                        cycle */
};

struct sysroot {
    char *directory; /* CACHE/sysroot/KEY */
    char *key;
    char *empty;   /* for rustc's --sysroot */
    char *library; /* for -L: the target's rlibs */
    char *core;    /* paths of the rlibs */
    char *builtins;
    char *rex;
    char *rex_macros; /* the macros' shared object for the host */
    char *host;       /* for -L when something is compiled for the host */
    char *host_rex;   /* the crate for `rexc test`: NULL until sysroot_prepare_host */
};

struct sysroot_options {
    enum sysroot_variant variant;
    bool verbose;
    bool dry_run;  /* -###: an entry that is missing is not made; its commands are printed */
    bool progress; /* say what takes long */
};

/* Finds or makes the entry. Safe under parallel calls; an interrupted or damaged entry is made
 * again. */
int sysroot_prepare(struct diag *diag, const struct toolchain *toolchain,
                    const struct sysroot_options *options, struct sysroot *sysroot);
/* Adds the crate for the host (`rexc test`) to a prepared sysroot. */
int sysroot_prepare_host(struct diag *diag, const struct toolchain *toolchain,
                         const struct sysroot_options *options, struct sysroot *sysroot);
void sysroot_free(struct sysroot *sysroot);

/* Each entry of the cache, for `rexc cache` and `rexc doctor`: with deep, every file is hashed. */
struct sysroot_entry {
    char *key;
    const char *level;       /* "compiler", "sysroot": the two directories of the cache */
    const char *variant;     /* "plain", "checked" */
    char *rustc;             /* version line of the compiler that it is for */
    unsigned long long size; /* bytes */
    bool intact;
};
int sysroot_list(struct diag *diag, bool deep, struct sysroot_entry **entries, size_t *count);
void sysroot_entries_free(struct sysroot_entry *entries, size_t count);

#endif
