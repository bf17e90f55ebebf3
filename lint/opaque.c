/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/opaque.h"

/* Do the generics from the < at open declare a type? */
static bool declares_type(const struct source *source, size_t open)
{
    if (!token_is(source_at(source, open), '<'))
        return false;
    size_t end = source_after_generics(source, open);
    bool begins = true; /* a parameter */
    for (size_t i = open + 1; i + 1 < end; i++) {
        const struct token *token = source_at(source, i);
        if (begins && token_is_identifier(token) && !token_is_keyword(token, "const"))
            return true;
        if (token_is(token, '<'))
            i = source_after_generics(source, i) - 1;
        else if (token_is(token, '(') || token_is(token, '[') || token_is(token, '{'))
            i = source_closing(source, i);
        begins = token_is(token, ',');
    }
    return false;
}

/* Is an `impl Trait` between first and end? As a parameter's type it is a type parameter too. */
static bool has_impl(const struct source *source, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        if (token_is_keyword(source_at(source, i), "impl"))
            return true;
    return false;
}

/* The index of what gives the `impl` at index a lifetime bound, before end; end when nothing does.
 */
static size_t find_bound(const struct source *source, size_t index, size_t end,
                         const struct types *types)
{
    for (size_t i = index + 1; i < end; i++) {
        const struct token *token = source_at(source, i);
        if (token->kind == TOKEN_LIFETIME ||
            (token_is_identifier(token) && types_trait_outlives(types, token)))
            return i;
        if (token_is(token, '<'))
            i = source_after_generics(source, i) - 1; /* of a trait, `for` or `use` */
        else if (token_is(token, '(') || token_is(token, '['))
            i = source_closing(source, i);
        else if (source_is_pair(source, i, "->"))
            i += token_is(source_at(source, i + 2), '&') ? 3 : 1; /* a bound stands behind `+` */
        else if (token_is(token, ',') || token_is(token, '>') || token_is(token, ')') ||
                 token_is(token, ']') || token_is(token, ';'))
            break;
    }
    return end;
}

/* The function at index; *after is where its signature ends. */
static unsigned check_function(struct diag *diag, const struct source *source, size_t index,
                               bool generic, const struct types *types, size_t *after)
{
    unsigned found = 0;
    size_t open = index + 2;
    if (token_is(source_at(source, open), '<')) {
        generic = generic || declares_type(source, open);
        open = source_after_generics(source, open);
    }
    *after = index + 1;
    if (!token_is(source_at(source, open), '('))
        return 0;
    size_t close = source_closing(source, open), end = close + 1;
    generic = generic || has_impl(source, open, close);
    while (end < source->count && !token_is(source_at(source, end), '{') &&
           !token_is(source_at(source, end), ';') &&
           !token_is_keyword(source_at(source, end), "where")) {
        const struct token *token = source_at(source, end);
        bool bracket = token_is(token, '(') || token_is(token, '[');
        end = token_is(token, '<') ? source_after_generics(source, end)
              : bracket            ? source_closing(source, end) + 1
                                   : end + 1;
    }
    *after = end;
    for (size_t i = close + 1; generic && i < end; i++) {
        if (!token_is_keyword(source_at(source, i), "impl"))
            continue;
        size_t bound = find_bound(source, i, end, types);
        if (bound == end)
            continue;
        source_report(diag, source, POLICY_OPAQUE_LIFETIME, i, bound,
                      "the `impl` result of generic code has a lifetime bound");
        found++;
    }
    return found;
}

/* The index of the block of the impl or trait at index, or count; *generic: is it over a type? */
static size_t find_block(const struct source *source, size_t index, bool *generic)
{
    /* In a trait, Self is a parameter. */
    *generic =
        token_is_keyword(source_at(source, index), "trait") || declares_type(source, index + 1);
    for (size_t i = index + 1; i < source->count; i++) {
        const struct token *token = source_at(source, i);
        if (token_is(token, '{'))
            return i;
        if (token_is(token, ';') || token_is(token, '='))
            break;
        if (token_is(token, '('))
            i = source_closing(source, i);
        else if (token_is(token, '<'))
            i = source_after_generics(source, i) - 1;
    }
    return source->count;
}

unsigned opaque_check(struct diag *diag, const struct source *source, const struct types *types)
{
    unsigned found = 0;
    size_t end = 0; /* of the block of an impl or trait */
    bool generic = false;
    for (size_t i = 0; i < source->count; i++) {
        const struct token *token = &source->tokens[i];
        if (i >= end)
            generic = false;
        if (token_is_name(token, "macro_rules") && token_is(source_at(source, i + 1), '!')) {
            i = source_closing(source, i + 3);
        } else if (i >= end &&
                   (token_is_keyword(token, "impl") || token_is_keyword(token, "trait"))) {
            size_t block = find_block(source, i, &generic);
            end = block < source->count ? source_closing(source, block) : i + 1;
            i = block < source->count ? block : i;
        } else if (token_is_keyword(token, "fn") && token_is_identifier(source_at(source, i + 1))) {
            size_t after;
            found += check_function(diag, source, i, generic, types, &after);
            i = after - 1;
        }
    }
    return found;
}
