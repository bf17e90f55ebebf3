/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opaque results that outlive what they are made of (rust-lang/rust issue 84366).
 *
 *     fn keep<I: Iterator + 'static>(_: I, item: I::Item) -> impl Deref<Target = [u8]> + 'static {
 * item }
 *
 * A closure outlives 'static when it captures nothing, whatever lifetimes its parameters and result
 * have, and rustc then takes `I::Item` to outlive 'static as well, where I is made of that closure:
 * a reference to a local comes out as one that may be kept. What a caller is told of the result's
 * lifetime is then the bound alone. Without a bound the result lives no longer than what is in the
 * types that it is made of, which is right. So in code that is generic over a type, an `impl`
 * result has no lifetime among its bounds.
 */
#ifndef REXC_LINT_OPAQUE_H
#define REXC_LINT_OPAQUE_H

#include "lint/source.h"
#include "lint/types.h"

/* Reports each such result; returns how many. Bodies of macro_rules! are passed over. */
unsigned opaque_check(struct diag *diag, const struct source *source, const struct types *types);

#endif
