/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Function signatures that could forge a lifetime (rust-lang/rust issue 25860).
 *
 *     fn longer<'a, 'b, T>(_: &'a Promise<'b>, value: &'b T) -> &'a T { value }
 *
 * The first parameter's type is only well-formed when 'b outlives 'a, so the body may assume it.
 * When such a function becomes a function pointer (by `let f: fn(..)`, but also as one of several
 * arms of a match), rustc forgets the promise, and a value of any 'b comes out as any 'a. Written
 * out, as `'b: 'a`, the promise is kept: measured with rustc 1.96 for lifetimes of the function and
 * of its impl.
 *
 * A signature is refused when two lifetimes stand in one parameter's type, no bound relates them,
 * at least one belongs to the function itself, a value of the inner one comes in elsewhere, and the
 * outer one can get out.
 */
#ifndef REXC_LINT_SIGNATURES_H
#define REXC_LINT_SIGNATURES_H

#include "lint/source.h"

/* Reports each such function; returns how many. Bodies of macro_rules! are passed over. */
unsigned signatures_check(struct diag *diag, const struct source *source);

#endif
