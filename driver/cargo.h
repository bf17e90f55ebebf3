/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Cargo says about a package: `cargo metadata --no-deps`, which reads manifests and nothing
 * else. It is asked from the directory / and with an environment of its own, so that neither a
 * .cargo/config.toml nor a wrapper of the project has a say in it; without dependencies, it never
 * writes Cargo.lock and runs no program.
 */
#ifndef REXC_DRIVER_CARGO_H
#define REXC_DRIVER_CARGO_H

#include "driver/fingerprint.h"
#include "driver/package.h"

struct cargo_question {
    const char *cargo; /* absolute paths */
    const char *rustc;
    const char *identity; /* changes when cargo does: part of what a remembered answer depends on */
    const char *manifest; /* absolute path of a Cargo.toml */
    const char *cache;    /* directory for remembered answers */
    const struct record_key *key;
    struct digests *digests;
    bool verbose;
    bool dry_run; /* -###: where nothing is remembered, the question is printed, and the result is
                     -1 without a report */
};

/* Appends every package of the manifest's workspace. A remembered answer is used (no process is
 * started) while all manifests and the files whose presence Cargo looks at are the same. Reports
 * DIAG_MANIFEST. */
int cargo_metadata(struct diag *diag, const struct cargo_question *question,
                   struct package_list *packages);

/* The packages of an answer (format version 1). Reports DIAG_CARGO_ANSWER; never crashes on any
 * input. */
int cargo_parse(struct diag *diag, const char *text, size_t size, struct package_list *packages);

#endif
