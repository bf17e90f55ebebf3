/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lexer scan: what no source file may contain, whatever becomes of it: macro bodies, code
 * behind #[cfg], code that is never used. It knows no types; it only has to be impossible to get
 * around.
 */
#ifndef REXC_LINT_TOKENS_H
#define REXC_LINT_TOKENS_H

#include "lint/source.h"

/* Reports each thing the policy refuses; returns how many. */
unsigned tokens_check(struct diag *diag, const struct source *source);

/* The same for the names that `as`, `mod` and `extern crate` give, in expanded source: a macro's
 * caller may have chosen them. */
unsigned tokens_check_names(struct diag *diag, const struct source *source);

/* The attributes of expanded source: a macro may have put their parts together. */
unsigned tokens_check_attributes(struct diag *diag, const struct source *source);

#endif
