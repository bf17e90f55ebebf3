/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools that rexc orchestrates: which ones, and whether they fit together. A rustc fits when it
 * has the sources of core of exactly its version, a clippy-driver of the same version, and an LLVM
 * of the same version as the one that the pass was built for (another LLVM would crash while
 * loading the pass).
 */
#ifndef REXC_DRIVER_TOOLCHAIN_H
#define REXC_DRIVER_TOOLCHAIN_H

#include "base/hash.h"
#include "base/memory.h"

#include <stdbool.h>

struct diag;

enum tool_verdict { TOOL_FITS, TOOL_MISSING, TOOL_MISMATCH };

struct tool {
    const char *name; /* "rustc", "clippy-driver", "rust sources" ... */
    char *path;       /* absolute; NULL when missing */
    char *version;    /* as the tool says it; NULL when unknown */
    enum tool_verdict verdict;
    char *problem; /* one line, with both paths and both versions, when the verdict is not TOOL_FITS
                    */
    const char *remedy; /* the command that fixes it */
};

enum {
    TOOL_RUSTC,
    TOOL_RUST_SRC, /* path: directory "library" of the compiler's sources */
    TOOL_CLIPPY,
    TOOL_CARGO,
    TOOL_LLD,
    TOOL_PASS,  /* librexpass.so */
    TOOL_CRATE, /* directory with rex, rex-macros, builtins */
    TOOL_COUNT,
};

struct toolchain {
    struct tool tools[TOOL_COUNT];
    char *rustc_verbose;     /* all of `rustc -vV` */
    char *rustc_host;        /* its host triple */
    char *rustc_commit;      /* commit hash */
    char *llvm_version;      /* rustc's LLVM, as "22.1.8" */
    char *crate_hash;        /* over every file of the crate sources */
    char *pass_hash;         /* of librexpass.so */
    char *compiler_identity; /* digest over what decides what the compiler makes without pass and
                                crate */
    char *identity;          /* digest over everything above that decides what the tools produce */
    bool unknown;            /* -###: a tool would have to be asked, so the above says nothing */
};

/* Where the tool's own files are: relative to the running executable, so that a moved installation
 * works. */
struct installation {
    char *executable; /* absolute path of rexc */
    char *pass;       /* librexpass.so */
    char *pcap;       /* librexpcap.so */
    char *crates;     /* rust crate sources */
    char *templates;
    char *share;    /* share/rexc */
    char *identity; /* digest of the rexc executable: part of every fingerprint */
};

int installation_find(struct diag *diag, struct installation *installation);
/* The path of librexpcap.so alone, to free(): `rexc run` needs no other part. NULL with a
 * diagnostic when it is missing. */
char *installation_find_pcap(struct diag *diag);
void installation_free(struct installation *installation);

/* Finds the tools (REXC_RUSTC, REXC_CLIPPY, REXC_LLD, REXC_RUST_SRC override; else PATH),
 * without reporting: every tool has its verdict. Answers are remembered in the cache directory by
 * the files' identity (device, inode, size, times), so that a warm call starts no process. With
 * dry_run, what is not remembered is printed and not asked. */
void toolchain_probe(struct diag *diag, const struct installation *installation, bool verbose,
                     bool dry_run, struct toolchain *toolchain);
/* As toolchain_probe, and reports each tool that is missing or does not fit (exit status 3). */
int toolchain_find(struct diag *diag, const struct installation *installation, bool verbose,
                   bool dry_run, struct toolchain *toolchain);
void toolchain_free(struct toolchain *toolchain);

/* The environment of every child: built from nothing, so that nothing inherited changes what a tool
 * does. RUSTC_BOOTSTRAP=1 (our own flags are unstable ones), LC_ALL=C, and a PATH for the linker of
 * host tools. */
void toolchain_environment(struct strings *environment);

/* REXC_CACHE_DIR, $XDG_CACHE_HOME/rexc or ~/.cache/rexc. To free(). */
char *cache_directory(void);

#endif
