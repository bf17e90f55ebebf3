/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sources say about the names of their types, as far as one must know it to see that a type has no
 * lifetimes in it. Scopes are not followed: a name that any place declares as something else is not known.
 */
#ifndef REXC_LINT_TYPES_H
#define REXC_LINT_TYPES_H

#include "lint/source.h"

struct types;

struct types *types_new(void);
void types_free(struct types *types);

/* Collects the declarations of a source, which must outlive the table. */
void types_collect(struct types *types, const struct source *source);

/* Reads the type at *index and moves *index behind it. Returns NULL when no lifetime in it can lie inside another
 * type that has one, else what stands in the way (to free). */
char *types_refuse(const struct types *types, const struct source *source, size_t *index);

/* Is the name an alias (`type NAME = ...`, `use ... as NAME`) of something other than a plainly named type? */
bool types_is_alias(const struct types *types, const struct token *name);

#endif
