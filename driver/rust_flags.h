/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The code generation flags that core, the crate and every program share: one table, each with its
 * reason. Several are "target modifiers": rustc refuses to combine crates that differ in them.
 */
#ifndef REXC_DRIVER_RUST_FLAGS_H
#define REXC_DRIVER_RUST_FLAGS_H

#include "base/memory.h"

struct rust_flag {
    const char *flag;
    const char *reason;
};

/* Terminated by a NULL flag. */
extern const struct rust_flag rust_flags[];

/* Appends all of them, `--target` first. */
void rust_flags_add(struct strings *arguments);

#endif
