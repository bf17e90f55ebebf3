/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/tokens.h"
#include "lint/attributes.h"

#include <string.h>

static bool is_path_separator(const struct source *source, size_t index)
{
    return source_is_pair(source, index, "::");
}

/* Is the token at index part of a path that begins with core or std: core::NAME,
 * core::prelude::v1::NAME? */
static bool is_in_core(const struct source *source, size_t index)
{
    while (index >= 3 && is_path_separator(source, index - 2) &&
           token_is_identifier(&source->tokens[index - 3])) {
        index -= 3;
        if (token_is_name(&source->tokens[index], "core") ||
            token_is_name(&source->tokens[index], "std"))
            return true;
    }
    return false;
}

/* word!(...), but not word != ... */
static bool is_macro_call(const struct source *source, size_t index)
{
    const struct token *next = source_at(source, index + 2);
    return token_is(source_at(source, index + 1), '!') &&
           (token_is(next, '(') || token_is(next, '[') || token_is(next, '{'));
}

/* The index of the `;` that ends the `use` at index, or of what stands where a path cannot go on.
 */
static size_t use_end(const struct source *source, size_t index)
{
    for (index++; index < source->count; index++) {
        const struct token *token = &source->tokens[index];
        bool part = token_is_identifier(token) || token_is(token, ':') || token_is(token, ',') ||
                    token_is(token, '{') || token_is(token, '}') || token_is(token, '*') ||
                    token_is(token, '$');
        if (!part)
            break;
    }
    return index;
}

/* `as` before a name gives it, in `use` and `extern crate`, as `mod` does. In `x as rex` it is a
 * type of that name, which nobody misses. */
static bool is_bound(const struct source *source, size_t index)
{
    return index >= 1 && (token_is_keyword(&source->tokens[index - 1], "as") ||
                          token_is_keyword(&source->tokens[index - 1], "mod"));
}

static bool is_extern_crate(const struct source *source, size_t index)
{
    return index >= 2 && token_is_keyword(&source->tokens[index - 1], "crate") &&
           token_is_keyword(&source->tokens[index - 2], "extern");
}

static bool is_refused_word(const struct source *source, size_t index,
                            const struct policy_word *word, bool use_of_core)
{
    const struct token *token = &source->tokens[index];
    switch (word->where) {
    case POLICY_KEYWORD:
        return token_is_keyword(token, word->word) &&
               !(word->ban == POLICY_FOREIGN &&
                 token_is_keyword(source_at(source, index + 1), "crate"));
    case POLICY_ANYWHERE:
        return token_is_name(token, word->word);
    case POLICY_CONDITION:
        return token_is_name(token, word->word) && !is_path_separator(source, index + 1);
    case POLICY_MACRO:
        if (!token_is_name(token, word->word))
            return false;
        if (is_macro_call(source, index))
            return true;
        /* core::env is the macro; std::env::var, which tests may use, a function. */
        return !is_path_separator(source, index + 1) && (use_of_core || is_in_core(source, index));
    case POLICY_PREFIX:
        return token_is_identifier(token) && token->length >= strlen(word->word) &&
               memcmp(token->text, word->word, strlen(word->word)) == 0;
    case POLICY_BOUND:
        return token_is_name(token, word->word) && is_bound(source, index);
    case POLICY_CRATE:
        return token_is_name(token, word->word) && is_extern_crate(source, index);
    case POLICY_WHERE_COUNT:
        break;
    }
    return false;
}

static unsigned report_word(struct diag *diag, const struct source *source, size_t index,
                            enum policy_ban ban)
{
    const struct token *token = &source->tokens[index];
    source_report(diag, source, ban, index, index, "`%.*s` is not allowed here", (int)token->length,
                  token->text);
    return 1;
}

static unsigned check_word(struct diag *diag, const struct source *source, size_t index,
                           bool use_of_core)
{
    const struct token *token = &source->tokens[index];
    for (size_t i = 0; i < policy_word_count; i++)
        if (is_refused_word(source, index, &policy_words[i], use_of_core))
            return report_word(diag, source, index, policy_words[i].ban);
    /* SIMD types: __m128, __m256i ... */
    if (token_is_identifier(token) && token->length > 3 && memcmp(token->text, "__m", 3) == 0 &&
        token->text[3] >= '0' && token->text[3] <= '9') {
        source_report(diag, source, POLICY_SIMD, index, index, "`%.*s` is a vector type",
                      (int)token->length, token->text);
        return 1;
    }
    return 0;
}

/* core::arch and its like, written out or as a branch of `use core::{...}`. */
static unsigned check_path(struct diag *diag, const struct source *source, size_t index,
                           size_t use_core_depth)
{
    const struct token *token = &source->tokens[index];
    bool below_core = use_core_depth == 1 || (index >= 3 && is_path_separator(source, index - 2) &&
                                              (token_is_name(&source->tokens[index - 3], "core") ||
                                               token_is_name(&source->tokens[index - 3], "std")));
    if (!below_core)
        return 0;
    for (size_t i = 0; i < policy_path_count; i++) {
        if (!token_is_name(token, policy_paths[i].module))
            continue;
        source_report(diag, source, policy_paths[i].ban, index, index, "`core::%s` is not allowed",
                      policy_paths[i].module);
        return 1;
    }
    return 0;
}

/* The 0.1 in `pair.0.1` is two field names, not a number; in `0..0.1` it is one. */
static bool is_field_access(const struct source *source, size_t index)
{
    const struct token *token = &source->tokens[index];

    if (index < 1 || !token_is(token - 1, '.') ||
        (index >= 2 && source_is_pair(source, index - 2, "..")))
        return false;
    /* The text behind the last token is nobody's. */
    for (size_t i = 0; i < token->length; i++)
        if (!strchr("0123456789._", token->text[i]) || token->text[i] == '\0')
            return false;
    return true;
}

/* More mistakes in one file than anybody reads; each is shown with its line. */
enum { FINDINGS_MAX = 100 };

unsigned tokens_check(struct diag *diag, const struct source *source)
{
    unsigned found = 0;
    size_t end_of_use = 0;     /* index of the token that ends the current `use` */
    size_t use_core_depth = 0; /* braces open since `use core::` */
    bool use_of_core = false;

    for (size_t i = 0; i < source->count; i++) {
        const struct token *token = &source->tokens[i];
        if (found >= FINDINGS_MAX) {
            source_report(diag, source, POLICY_SOURCE, i, i,
                          "%u mistakes in one file: the rest of it is not looked at", found);
            break;
        }
        if (token_is_keyword(token, "use")) {
            end_of_use = use_end(source, i);
            size_t root = i + 1 + (is_path_separator(source, i + 1) ? 2 : 0);
            use_of_core = (token_is_name(source_at(source, root), "core") ||
                           token_is_name(source_at(source, root), "std")) &&
                          is_path_separator(source, root + 1);
            use_core_depth = 0;
        }
        if (i < end_of_use && use_of_core) {
            if (token_is(token, '{'))
                use_core_depth++;
            else if (token_is(token, '}') && use_core_depth > 0)
                use_core_depth--;
        }

        switch (token->kind) {
        case TOKEN_IDENTIFIER:
        case TOKEN_RAW_IDENTIFIER:
            /* Depth 1 of `use core::{a, b::{c}}` is a and b; what follows a :: there is deeper. */
            found += check_path(diag, source, i,
                                i < end_of_use && use_of_core && use_core_depth == 1 &&
                                        !(i >= 2 && is_path_separator(source, i - 2))
                                    ? 1
                                    : 0);
            found += check_word(diag, source, i, i < end_of_use && use_of_core);
            break;
        case TOKEN_FLOAT:
            if (is_field_access(source, i))
                break;
            source_report(diag, source, POLICY_FLOAT, i, i, "`%.*s` is a floating point number",
                          (int)token->length, token->text);
            found++;
            break;
        case TOKEN_PUNCTUATION:
            if (token_is(token, '#'))
                found += attributes_check(diag, source, i);
            break;
        default:
            break;
        }
    }
    return found;
}

unsigned tokens_check_names(struct diag *diag, const struct source *source)
{
    unsigned found = 0;
    for (size_t w = 0; w < policy_word_count; w++) {
        const struct policy_word *word = &policy_words[w];
        if (word->where != POLICY_BOUND && word->where != POLICY_CRATE)
            continue;
        for (size_t i = 0; i < source->count; i++)
            if (is_refused_word(source, i, word, false))
                found += report_word(diag, source, i, word->ban);
    }
    return found;
}

unsigned tokens_check_attributes(struct diag *diag, const struct source *source)
{
    unsigned found = 0;
    for (size_t i = 0; i < source->count; i++)
        if (token_is(&source->tokens[i], '#'))
            found += attributes_check(diag, source, i);
    return found;
}
