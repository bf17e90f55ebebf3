/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/shapes.h"
#include "lint/opaque.h"
#include "lint/signatures.h"

#include <stdlib.h>
#include <string.h>

static bool same_text(const struct token *a, const struct token *b)
{
    return a->length == b->length && memcmp(a->text, b->text, a->length) == 0;
}

/* A function pointer type at the `fn` at index. */
static unsigned check_function_pointer(struct diag *diag, const struct source *source, size_t index,
                                       const struct types *types)
{
    bool higher_ranked = index > 1 && token_is(&source->tokens[index - 1], '>') &&
                         !source_is_pair(source, index - 2, "->");
    char *refused = types_refuse(types, source, index, higher_ranked);
    if (!refused)
        return 0;
    source_report(diag, source, POLICY_FUNCTION_POINTER, index, source_closing(source, index + 1),
                  "a function pointer type in which lifetimes can be hidden: %s", refused);
    free(refused);
    return 1;
}

/* &'a [mut] &'b, at the first &. 'static outlives everything, so &'a &'static promises nothing new.
 */
static unsigned check_nested_reference(struct diag *diag, const struct source *source, size_t index)
{
    const struct token *outer = source_at(source, index + 1);
    size_t inner = index + 2;
    if (outer->kind != TOKEN_LIFETIME)
        return 0;
    if (token_is_keyword(source_at(source, inner), "mut"))
        inner++;
    const struct token *lifetime = source_at(source, inner + 1);
    if (!token_is(source_at(source, inner), '&') || lifetime->kind != TOKEN_LIFETIME ||
        same_text(outer, lifetime) ||
        (lifetime->length == 6 && memcmp(lifetime->text, "static", 6) == 0))
        return 0;
    source_report(diag, source, POLICY_IMPLIED_LIFETIME, index, inner + 1,
                  "a reference with lifetime '%.*s to one with lifetime '%.*s", (int)outer->length,
                  outer->text, (int)lifetime->length, lifetime->text);
    return 1;
}

/* In the generic arguments from the < at open: is one anything but a lifetime or NAME = TYPE? */
static bool has_type_argument(const struct source *source, size_t open)
{
    size_t end = source_after_generics(source, open);
    for (size_t i = open + 1; i + 1 < end; i++) {
        const struct token *token = source_at(source, i);
        if (token->kind == TOKEN_LIFETIME || token_is(token, ','))
            continue;
        if (!token_is_identifier(token) || !token_is(source_at(source, i + 1), '='))
            return true;
        /* Passes over the bound type. */
        for (i += 2; i + 1 < end && !token_is(source_at(source, i), ','); i++)
            if (token_is(source_at(source, i), '<'))
                i = source_after_generics(source, i) - 1;
    }
    return false;
}

/* for<'a> BOUND, at the `for`: a bound on Fn, FnMut, FnOnce and on traits without type arguments
 * promises no more than it says. */
static unsigned check_higher_ranked(struct diag *diag, const struct source *source, size_t index)
{
    size_t i = source_after_generics(source, index + 1);
    for (; i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, ',') || token_is(token, ';') || token_is(token, '{') ||
            token_is(token, '=') || token_is(token, '>') || token_is(token, ')') ||
            token_is_keyword(token, "where"))
            return 0;
        if (token_is(token, '(') || token_is(token, '['))
            i = source_closing(source, i);
        if (!token_is(token, '<'))
            continue;
        if (has_type_argument(source, i)) {
            source_report(diag, source, POLICY_IMPLIED_LIFETIME, index,
                          source_after_generics(source, i) - 1,
                          "a `for<...>` bound with a type argument");
            return 1;
        }
        i = source_after_generics(source, i) - 1;
    }
    return 0;
}

/* Is NAME a parameter of the generics from the < at open? */
static bool is_parameter(const struct source *source, size_t open, const struct token *name)
{
    size_t end = source_after_generics(source, open);
    for (size_t i = open + 1; i < end; i++)
        if ((token_is(source_at(source, i - 1), '<') || token_is(source_at(source, i - 1), ',')) &&
            token_is_identifier(source_at(source, i)) && same_text(source_at(source, i), name))
            return true;
    return false;
}

/* Does the block at open define an associated type? */
static bool defines_type(const struct source *source, size_t open)
{
    size_t close = source_closing(source, open);
    for (size_t i = open + 1; i < close; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, '(') || token_is(token, '[') || token_is(token, '{'))
            i = source_closing(source, i);
        else if (token_is_keyword(token, "type"))
            return true;
    }
    return false;
}

/* An impl item at index: impl<PARAMETERS> TRAIT for TYPE { ... } */
static unsigned check_impl(struct diag *diag, const struct source *source, size_t index,
                           const struct types *types)
{
    size_t generics = token_is(source_at(source, index + 1), '<') ? index + 1 : 0;
    size_t self = 0, open = 0;
    for (size_t i = generics ? source_after_generics(source, generics) : index + 1;
         i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, '<')) {
            i = source_after_generics(source, i) - 1;
        } else if (token_is(token, '(') || token_is(token, '[')) {
            i = source_closing(source, i);
        } else if (token_is_keyword(token, "for") && !self &&
                   !token_is(source_at(source, i + 1), '<')) {
            self = i + 1;
            if (token_is(source_at(source, self), '<'))
                i = source_after_generics(source, self) - 1;
        } else if (token_is_keyword(token, "for") && !self) {
            /* impl Trait for <A as B>::C, or impl for<'a> ... which no stable Rust has. */
            self = i + 1;
        } else if (token_is(token, '{')) {
            open = i;
            break;
        } else if (token_is(token, ';') || token_is(token, ',') || token_is(token, ')') ||
                   token_is(token, '>') || token_is(token, '=')) {
            return 0; /* `impl Trait` as a type */
        }
    }
    if (!self || !open)
        return 0;

    size_t name = self;
    while (token_is(source_at(source, name), '('))
        name++;
    const struct token *first = source_at(source, name);
    size_t last = name;
    while (source_is_pair(source, last + 1, "::") &&
           token_is_identifier(source_at(source, last + 3)))
        last += 3;
    const char *what = NULL;
    /* rustc takes bounds for granted that such a type's unreduced form implies (issue 100051). */
    if (token_is(first, '<') ||
        (token_is_identifier(first) && types_is_projection(types, source_at(source, last))))
        what = "a type that another trait names";
    else if (!defines_type(source, open))
        return 0;
    else if (token_is_keyword(first, "dyn"))
        what = "a dyn type, with an associated type";
    else if (generics && token_is_identifier(first) && is_parameter(source, generics, first))
        what = "every type, with an associated type";
    else if (token_is_identifier(first) && types_is_alias(types, source_at(source, last)))
        what = "an alias of a type that is not plain, with an associated type";
    if (!what)
        return 0;
    source_report(diag, source, POLICY_BLANKET_IMPL, index, name, "a trait is implemented for %s",
                  what);
    return 1;
}

unsigned shapes_check(struct diag *diag, const struct source *source, const struct types *types)
{
    unsigned found = signatures_check(diag, source) + opaque_check(diag, source, types);
    for (size_t i = 0; i < source->count; i++) {
        const struct token *token = &source->tokens[i];
        const struct token *next = source_at(source, i + 1);
        if (token_is_name(token, "macro_rules") && token_is(next, '!'))
            i = source_closing(source, i + 3);
        else if (token_is_keyword(token, "fn") && token_is(next, '('))
            found += check_function_pointer(diag, source, i, types);
        else if (token_is(token, '&'))
            found += check_nested_reference(diag, source, i);
        else if (token_is_keyword(token, "for") && token_is(next, '<') &&
                 source_at(source, i + 2)->kind == TOKEN_LIFETIME)
            found += check_higher_ranked(diag, source, i);
        else if (token_is_keyword(token, "impl"))
            found += check_impl(diag, source, i, types);
    }
    return found;
}
