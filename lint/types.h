/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources say about the names of their types, as far as one must know it to see that a
 * type has no lifetimes in it. Scopes are not followed: a name that any place declares as something
 * else is not known.
 */
#ifndef REXC_LINT_TYPES_H
#define REXC_LINT_TYPES_H

#include "base/buffer.h"
#include "lint/source.h"

struct types;

struct types *types_new(void);
void types_free(struct types *types);

/* Collects the declarations of a source, which must outlive the table. */
void types_collect(struct types *types, const struct source *source);

/*
 * Reads the function pointer type whose `fn` is at index; higher_ranked: a `for<'a>` stands before
 * it. Returns NULL when a function that becomes such a pointer cannot have had its promises about
 * lifetimes forgotten, else what stands in the way (to free). That is so when all lifetimes in it
 * are fixed ones (no elided reference, no for<'a>), or when no lifetime lies inside another type
 * that has one.
 */
char *types_refuse(const struct types *types, const struct source *source, size_t index,
                   bool higher_ranked);

/* Is the name an alias of `<A as B>::C`, perhaps through other aliases? */
bool types_is_projection(const struct types *types, const struct token *name);

/* Is the name an alias (`type NAME = ...`, `use ... as NAME`) of something other than a plainly
 * named type? */
bool types_is_alias(const struct types *types, const struct token *name);

/* Does a trait of that name say of itself that it outlives a lifetime (`trait T: 'static`, or by a
 * trait above it)? Also true of names that an import or a parameter gives, as they may stand for
 * one. */
bool types_trait_outlives(const struct types *types, const struct token *name);

/* Appends declarations, as source, of which the questions above have the answers that they have of
 * the names in this table: for builds that use the crates but do not have their sources. */
void types_export(const struct types *types, struct buffer *text);

#endif
