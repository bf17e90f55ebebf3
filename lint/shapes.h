/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of code by which safe Rust breaks its own promises: known unsoundness of rustc that can be
 * recognised without types. docs/policy.md, "Known unsoundness", says which issues these are and
 * what is left.
 *
 * The rules need to see code as the compiler does, so where macros are defined they are applied to
 * the expanded source, and bodies of macro_rules! are passed over.
 */
#ifndef REXC_LINT_SHAPES_H
#define REXC_LINT_SHAPES_H

#include "lint/source.h"
#include "lint/types.h"

/* Reports each shape; returns how many. types has the declarations of every source of the build. */
unsigned shapes_check(struct diag *diag, const struct source *source, const struct types *types);

#endif
