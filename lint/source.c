/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/source.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_opening(const struct token *token)
{
    return token_is(token, '(') || token_is(token, '[') || token_is(token, '{');
}

static bool is_closing(const struct token *token)
{
    return token_is(token, ')') || token_is(token, ']') || token_is(token, '}');
}

/* Finds what closes each bracket. Of what kind it is does not matter: other text does not compile.
 */
static void pair_brackets(struct source *source)
{
    unsigned open[SOURCE_NESTING_MAX];
    size_t depth = 0;

    for (size_t i = 0; i < source->count; i++) {
        struct token *token = &source->tokens[i];
        if (is_opening(token)) {
            token->closing = (unsigned)source->count;
            open[depth++] = (unsigned)i;
        } else if (is_closing(token) && depth > 0) {
            source->tokens[open[--depth]].closing = (unsigned)i;
        }
    }
}

/* Ends the tokens at the last one, which is an error's. */
static int stop(struct diag *diag, struct source *source, const char *error)
{
    source->tokens[source->count].kind = TOKEN_END;
    source->tokens[source->count].length = 0;
    pair_brackets(source);
    source_report(diag, source, POLICY_SOURCE, source->count, source->count, "%s", error);
    return -1;
}

int source_begin(struct diag *diag, struct source *source, const char *path, char *data,
                 size_t size, int edition, bool is_file)
{
    *source = (struct source){.path = must_copy(path),
                              .data = data,
                              .size = size,
                              .edition = edition,
                              .is_file = is_file};
    hash_bytes(data, size, source->sha256);

    struct lexer lexer;
    lexer_begin(&lexer, data, size, edition);
    size_t capacity = 0, depth = 0;
    for (;;) {
        if (source->count == capacity) {
            capacity = capacity ? 2 * capacity : 256;
            source->tokens = must_grow(source->tokens, capacity, sizeof(struct token));
        }
        struct token token = lexer_next(&lexer);
        source->tokens[source->count] = token;
        if (token.kind == TOKEN_ERROR)
            return stop(diag, source, lexer.error);
        if (token.kind == TOKEN_END)
            break;
        if (is_opening(&token) && depth++ == SOURCE_NESTING_MAX)
            return stop(diag, source, "brackets are nested more than 512 deep");
        if (is_closing(&token) && depth > 0)
            depth--;
        source->count++;
    }
    pair_brackets(source);
    return 0;
}

void source_free(struct source *source)
{
    free(source->path);
    free(source->data);
    free(source->tokens);
    *source = (struct source){0};
}

void source_report(struct diag *diag, const struct source *source, enum policy_ban ban,
                   size_t first, size_t last, const char *what, ...)
{
    const struct token *from = source_at(source, first), *to = source_at(source, last);
    const struct policy_ban_entry *entry = &policy_bans[ban];
    struct diag_message message = {.code = entry->code, .why = entry->why, .help = entry->help};
    message.at.file = source->path;
    char *excerpt = NULL;
    const char *notes[2] = {NULL, NULL};
    if (source->is_file) {
        message.at.line = from->line;
        message.at.column = from->column;
        if (to->line == from->line)
            message.at.end_column = to->column + (unsigned)to->length;
    } else {
        size_t length = to->offset + to->length - from->offset;
        excerpt = must_format("the text is: %.*s", (int)(length < 200 ? length : 200),
                              source->data + from->offset);
        notes[0] = excerpt;
        message.notes = notes;
    }

    va_list arguments;
    va_start(arguments, what);
    char *text = NULL;
    if (vasprintf(&text, what, arguments) < 0)
        text = NULL;
    va_end(arguments);
    diag_report(diag, &message, "%s", text ? text : diag_code_title(entry->code));
    free(text);
    free(excerpt);
}

const struct token *source_at(const struct source *source, size_t index)
{
    return &source->tokens[index < source->count ? index : source->count];
}

size_t source_closing(const struct source *source, size_t index)
{
    while (index < source->count && !is_opening(&source->tokens[index]) &&
           !is_closing(&source->tokens[index]))
        index++;
    return index < source->count && is_opening(&source->tokens[index])
               ? source->tokens[index].closing
               : source->count;
}

size_t source_after_generics(const struct source *source, size_t index)
{
    size_t depth = 0;
    while (index < source->count) {
        const struct token *token = &source->tokens[index];
        if (token_is(token, '(') || token_is(token, '[') || token_is(token, '{')) {
            index = source_closing(source, index);
        } else if (source_is_pair(source, index, "->") || source_is_pair(source, index, "=>")) {
            index++;
        } else if (token_is(token, '<')) {
            depth++;
        } else if (token_is(token, '>') && --depth == 0) {
            return index + 1;
        }
        index++;
    }
    return source->count;
}

bool source_is_pair(const struct source *source, size_t index, const char *pair)
{
    const struct token *second = source_at(source, index + 1);
    return token_is(source_at(source, index), pair[0]) && token_is(second, pair[1]) &&
           second->joined;
}

void source_drop_attributes(struct source *source)
{
    size_t kept = 0;
    for (size_t i = 0; i < source->count; i++) {
        size_t open = i + 1 + token_is(source_at(source, i + 1), '!');
        if (token_is(&source->tokens[i], '#') && token_is(source_at(source, open), '[')) {
            i = source_closing(source, open);
            if (i + 1 < source->count)
                source->tokens[i + 1].joined = false;
        } else {
            source->tokens[kept++] = source->tokens[i];
        }
    }
    source->tokens[kept] = source->tokens[source->count];
    source->count = kept;
    pair_brackets(source);
}
