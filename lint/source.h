/* SPDX-License-Identifier: Apache-2.0 */
/* A source text as a list of tokens. */
#ifndef REXC_LINT_SOURCE_H
#define REXC_LINT_SOURCE_H

#include "base/hash.h"
#include "lint/lexer.h"
#include "lint/policy.h"

struct source {
    char *path; /* as diagnostics show it */
    char *data; /* NUL-terminated */
    size_t size;
    int edition;
    bool is_file; /* path can be opened: diagnostics show a line of it */
    char sha256[HASH_HEX_SIZE];
    struct token *tokens; /* the last is TOKEN_END */
    size_t count;         /* without it */
};

/* Deeper than this brackets are not read: what looks at them calls itself for each level. */
#define SOURCE_NESTING_MAX 512u

/* Takes ownership of data. Returns -1 after reporting DIAG_SOURCE_TEXT; *source is complete in
 * either case, with the tokens up to the error. */
int source_begin(struct diag *diag, struct source *source, const char *path, char *data,
                 size_t size, int edition, bool is_file);
void source_free(struct source *source);

/* Reports that the tokens first to last (inclusive) break a ban. what is a printf format: one line,
 * no full stop. */
void source_report(struct diag *diag, const struct source *source, enum policy_ban ban,
                   size_t first, size_t last, const char *what, ...)
    __attribute__((format(printf, 6, 7)));

/* The index of the token that closes the bracket (round, square or curly) at index, or the first
 * one behind it, or count. */
size_t source_closing(const struct source *source, size_t index);

/* The index after the > that closes the < at index, or count. -> and => have no part in it. */
size_t source_after_generics(const struct source *source, size_t index);

/* Do two punctuation characters stand at index, with nothing between them? */
bool source_is_pair(const struct source *source, size_t index, const char *pair);

/* The token at index, or the end token. */
const struct token *source_at(const struct source *source, size_t index);

/* Takes the attributes out of the tokens, once they are checked: they may stand before any generic
 * parameter, where nothing that reads types expects them. */
void source_drop_attributes(struct source *source);

#endif
