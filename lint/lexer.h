/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust's lexical grammar, all of it, for every edition: enough to know exactly which bytes of a
 * file are code, so that nothing hides in what looks like a string or comment, and no string or
 * comment is taken for code.
 *
 * It follows rustc_lexer (the lexer of rustc) and the Rust Reference, chapter "Lexical structure".
 * One point differs on purpose: outside strings and comments each character beyond ASCII that is no
 * white space counts as a part of an identifier. rustc refuses a file with any other, so for a file
 * that compiles the tokens are the same.
 */
#ifndef REXC_LINT_LEXER_H
#define REXC_LINT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
    TOKEN_END,
    TOKEN_IDENTIFIER,     /* or keyword, or _ */
    TOKEN_RAW_IDENTIFIER, /* r#name: never a keyword; its text here is without r# */
    TOKEN_LIFETIME,       /* 'name; its text here is without the quote (and without r#) */
    TOKEN_CHARACTER,      /* 'c' and b'c' */
    TOKEN_STRING,         /* each kind of string */
    TOKEN_INTEGER,        /* 1, 0xff, 1u8 */
    TOKEN_FLOAT,          /* 1.0, 1., 1e3, 1f32; also the 0.1 of `tuple.0.1` */
    TOKEN_PUNCTUATION,    /* one character, text[0]; operators of several are several tokens */
    TOKEN_ERROR,          /* nothing follows it; see lexer.error */
};

struct token {
    enum token_kind kind;
    const char *text; /* into the source, not terminated */
    size_t length;
    size_t offset;    /* of the token's first byte in the file */
    unsigned line;    /* from 1 */
    unsigned column;  /* from 1, in bytes */
    unsigned closing; /* of an opening bracket: the index of what closes it, see source_closing() */
    bool joined;      /* it begins where the token before it ended */
};

struct lexer {
    const char *start; /* the file, with its byte order mark */
    const char *end;
    const char *at;
    const char *line_start;
    const char *last_end; /* of the token before */
    unsigned line;
    int edition;
    const char *error; /* what is wrong, for TOKEN_ERROR */
};

/* The source is not copied. edition: 2015, 2018, 2021 or 2024. Skips a byte order mark and a #!
 * line. */
void lexer_begin(struct lexer *lexer, const char *source, size_t size, int edition);

/* Is the lexical grammar of both editions the same? */
bool lexer_reads_alike(int edition, int other);

/* The next token; white space and comments, documentation included, are passed over. */
struct token lexer_next(struct lexer *lexer);

/* Is the token this identifier or keyword? `r#unsafe` is not the keyword unsafe, but `r#asm` is the
 * name asm. */
bool token_is_keyword(const struct token *token, const char *keyword);
bool token_is_name(const struct token *token, const char *name);
bool token_is(const struct token *token, char punctuation);
/* An identifier, raw or not. */
bool token_is_identifier(const struct token *token);

#endif
