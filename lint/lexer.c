/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/lexer.h"

#include <string.h>

/* Length of the UTF-8 sequence at `at`, 0 when it is not one (RFC 3629: no overlong forms, no
 * surrogates, at most U+10FFFF). */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
    unsigned char first = at[0];
    if (first < 0x80)
        return 1;
    size_t length = first >= 0xc2 && first <= 0xdf   ? 2
                    : first >= 0xe0 && first <= 0xef ? 3
                    : first >= 0xf0 && first <= 0xf4 ? 4
                                                     : 0;
    if (length == 0 || (size_t)(end - at) < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ||
        (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f))
        return 0;
    return length;
}

/* How many bytes from the first on are valid UTF-8. */
static size_t valid_utf8_length(const char *start, size_t size)
{
    const unsigned char *at = (const unsigned char *)start, *stop = at + size;
    while (at < stop) {
        size_t length = utf8_length(at, stop);
        if (length == 0)
            break;
        at += length;
    }
    return size - (size_t)(stop - at);
}

static unsigned char peek(const struct lexer *lexer, size_t ahead)
{
    return ahead < (size_t)(lexer->end - lexer->at) ? (unsigned char)lexer->at[ahead] : 0;
}

/* Length of the white space character at `at`, or 0. Unicode's Pattern_White_Space, a set that
 * never changes. */
static size_t whitespace_length(const char *at, const char *end)
{
    unsigned char c = (unsigned char)*at;
    size_t left = (size_t)(end - at);
    if ((c >= 0x09 && c <= 0x0d) || c == ' ')
        return 1;
    if (left >= 2 && memcmp(at, "\xc2\x85", 2) == 0) /* U+0085 next line */
        return 2;
    if (left >= 3 && (memcmp(at, "\xe2\x80\x8e", 3) == 0 || memcmp(at, "\xe2\x80\x8f", 3) == 0 ||
                      memcmp(at, "\xe2\x80\xa8", 3) == 0 || memcmp(at, "\xe2\x80\xa9", 3) == 0))
        return 3; /* U+200E, U+200F, U+2028, U+2029 */
    return 0;
}

static bool is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static bool is_ascii_identifier_start(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Does an identifier start, or go on, at lexer->at + ahead? */
static bool starts_identifier(const struct lexer *lexer, size_t ahead)
{
    unsigned char c = peek(lexer, ahead);
    if (c < 0x80)
        return is_ascii_identifier_start(c);
    return whitespace_length(lexer->at + ahead, lexer->end) == 0;
}

static bool continues_identifier(const struct lexer *lexer, size_t ahead)
{
    return starts_identifier(lexer, ahead) || is_digit(peek(lexer, ahead));
}

static void eat_identifier(struct lexer *lexer)
{
    while (lexer->at < lexer->end && continues_identifier(lexer, 0))
        lexer->at++;
}

/* Moves over one byte and keeps count of lines. */
static void eat(struct lexer *lexer)
{
    if (*lexer->at++ == '\n') {
        lexer->line++;
        lexer->line_start = lexer->at;
    }
}

/* At a slash. Returns false when no comment starts here; fails by setting error. */
static bool eat_comment(struct lexer *lexer)
{
    if (peek(lexer, 1) == '/') {
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;
        return true;
    }
    if (peek(lexer, 1) != '*')
        return false;
    lexer->at += 2;
    for (size_t depth = 1; depth > 0;) {
        if (lexer->at >= lexer->end) {
            lexer->error = "a block comment is not closed";
            return true;
        }
        if (*lexer->at == '/' && peek(lexer, 1) == '*') {
            lexer->at += 2;
            depth++;
        } else if (*lexer->at == '*' && peek(lexer, 1) == '/') {
            lexer->at += 2;
            depth--;
        } else {
            eat(lexer);
        }
    }
    return true;
}

static void eat_trivia(struct lexer *lexer)
{
    while (lexer->at < lexer->end && !lexer->error) {
        size_t space = whitespace_length(lexer->at, lexer->end);
        if (space == 1)
            eat(lexer);
        else if (space > 0)
            lexer->at += space;
        else if (*lexer->at != '/' || !eat_comment(lexer))
            return;
    }
}

/* A #! on the first line is for the operating system, unless `[` is the next token: then it is an
 * attribute. Documentation comments are tokens, the others are not. */
static bool has_shebang(const struct lexer *lexer)
{
    if (peek(lexer, 0) != '#' || peek(lexer, 1) != '!')
        return false;
    struct lexer ahead = *lexer;
    ahead.at += 2;
    while (ahead.at < ahead.end) {
        size_t space = whitespace_length(ahead.at, ahead.end);
        if (space > 0) {
            ahead.at += space;
            continue;
        }
        if (*ahead.at != '/')
            break;
        unsigned char second = peek(&ahead, 1), third = peek(&ahead, 2), fourth = peek(&ahead, 3);
        bool documentation = third == '!' || (second == '/' && third == '/' && fourth != '/') ||
                             (second == '*' && third == '*' && fourth != '*' && fourth != '/');
        if (documentation || !eat_comment(&ahead))
            return true;
    }
    return peek(&ahead, 0) != '[';
}

/* What 2021 brought: c"", cr"" and 'r#name. What later editions reserve is an error there. */
static bool is_of_2021(int edition)
{
    return edition >= 2021;
}

bool lexer_reads_alike(int edition, int other)
{
    return is_of_2021(edition) == is_of_2021(other);
}

void lexer_begin(struct lexer *lexer, const char *source, size_t size, int edition)
{
    *lexer = (struct lexer){.start = source,
                            .end = source + size,
                            .at = source,
                            .line_start = source,
                            .line = 1,
                            .edition = edition};
    size_t valid = valid_utf8_length(source, size);
    if (valid < size) {
        while (lexer->at < source + valid)
            eat(lexer);
        lexer->error = "the file is not UTF-8 text";
        return;
    }
    if (size >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0)
        lexer->at += 3;
    if (has_shebang(lexer))
        while (lexer->at < lexer->end && *lexer->at != '\n')
            lexer->at++;

    /* A file that starts with --- has a frontmatter, which is for Cargo scripts, and unstable. */
    struct lexer ahead = *lexer;
    eat_trivia(&ahead);
    if (peek(&ahead, 0) == '-' && peek(&ahead, 1) == '-' && peek(&ahead, 2) == '-') {
        *lexer = ahead;
        lexer->error = "a frontmatter (---) is not Rust source";
    }
}

/* After the opening quote. */
static void eat_string(struct lexer *lexer)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        eat(lexer);
        if (c == '"')
            return;
        if (c == '\\' && lexer->at < lexer->end)
            eat(lexer);
    }
    lexer->error = "a string is not closed";
}

/* At the first # or quote after r. */
static void eat_raw_string(struct lexer *lexer)
{
    size_t hashes = 0;
    while (peek(lexer, hashes) == '#')
        hashes++;
    lexer->at += hashes;
    if (peek(lexer, 0) != '"') {
        lexer->error = "a raw string has something other than # before its quote";
        return;
    }
    if (hashes > 255) {
        lexer->error = "a raw string has more than 255 #";
        return;
    }
    lexer->at++;
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        eat(lexer);
        if (c != '"')
            continue;
        size_t closing = 0;
        while (closing < hashes && peek(lexer, closing) == '#')
            closing++;
        if (closing == hashes) {
            lexer->at += hashes;
            return;
        }
    }
    lexer->error = "a raw string is not closed";
}

/* After the opening quote of a character that cannot be a lifetime. rustc's way: what is between
 * quotes may be longer than a character; that is a later error of its own. */
static void eat_character(struct lexer *lexer)
{
    size_t first = lexer->at < lexer->end ? utf8_length((const unsigned char *)lexer->at,
                                                        (const unsigned char *)lexer->end)
                                          : 0;
    if (first > 0 && peek(lexer, 0) != '\\' && peek(lexer, first) == '\'') {
        for (size_t i = 0; i <= first; i++)
            eat(lexer);
        return;
    }
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (c == '/' || (c == '\n' && peek(lexer, 1) != '\''))
            break;
        eat(lexer);
        if (c == '\'')
            return;
        if (c == '\\' && lexer->at < lexer->end)
            eat(lexer);
    }
    lexer->error = "a character is not closed";
}

/* At the quote. */
static enum token_kind eat_lifetime_or_character(struct lexer *lexer)
{
    lexer->at++;
    size_t first = lexer->at < lexer->end ? utf8_length((const unsigned char *)lexer->at,
                                                        (const unsigned char *)lexer->end)
                                          : 0;
    bool lifetime = first > 0 && peek(lexer, first) != '\'' && continues_identifier(lexer, 0);
    if (!lifetime) {
        eat_character(lexer);
        return TOKEN_CHARACTER;
    }
    /* 'r#name is one token since edition 2021. */
    if (is_of_2021(lexer->edition) && peek(lexer, 0) == 'r' && peek(lexer, 1) == '#' &&
        starts_identifier(lexer, 2)) {
        lexer->at += 2;
        eat_identifier(lexer);
        return TOKEN_LIFETIME;
    }
    eat_identifier(lexer);
    if (peek(lexer, 0) == '\'') { /* 'abc' */
        lexer->at++;
        return TOKEN_CHARACTER;
    }
    return TOKEN_LIFETIME;
}

static bool eat_digits(struct lexer *lexer, bool hexadecimal)
{
    bool any = false;
    for (;;) {
        unsigned char c = peek(lexer, 0);
        bool digit =
            is_digit(c) || (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
        if (!digit && c != '_')
            return any;
        any = any || digit;
        lexer->at++;
    }
}

/* At an e or E: does an exponent follow, so that it is no suffix? rustc takes e as one in any case.
 */
static void eat_exponent(struct lexer *lexer)
{
    lexer->at++;
    if (peek(lexer, 0) == '+' || peek(lexer, 0) == '-')
        lexer->at++;
    eat_digits(lexer, false);
}

static bool has_float_suffix(const char *suffix, size_t length)
{
    static const char *const suffixes[] = {"f16", "f32", "f64", "f128"};
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (length == strlen(suffixes[i]) && memcmp(suffix, suffixes[i], length) == 0)
            return true;
    return false;
}

/* At a digit. */
static enum token_kind eat_number(struct lexer *lexer)
{
    enum token_kind kind = TOKEN_INTEGER;
    unsigned char second = peek(lexer, 1);
    bool based = *lexer->at == '0' && (second == 'b' || second == 'o' || second == 'x');
    bool complete = true;
    if (based) {
        lexer->at += 2;
        complete = eat_digits(lexer, second == 'x');
    } else {
        eat_digits(lexer, false);
    }
    unsigned char c = complete ? peek(lexer, 0) : 0;
    if (c == '.' && peek(lexer, 1) != '.' && !starts_identifier(lexer, 1)) {
        kind = TOKEN_FLOAT;
        lexer->at++;
        if (is_digit(peek(lexer, 0))) {
            eat_digits(lexer, false);
            if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E')
                eat_exponent(lexer);
        }
    } else if (c == 'e' || c == 'E') {
        kind = TOKEN_FLOAT;
        eat_exponent(lexer);
    }
    const char *suffix = lexer->at;
    if (lexer->at < lexer->end && starts_identifier(lexer, 0))
        eat_identifier(lexer);
    if (has_float_suffix(suffix, (size_t)(lexer->at - suffix)))
        kind = TOKEN_FLOAT;
    return kind;
}

/* At a letter. Strings with a prefix begin like an identifier. */
static enum token_kind eat_word(struct lexer *lexer)
{
    unsigned char first = peek(lexer, 0), second = peek(lexer, 1), third = peek(lexer, 2);
    bool c_strings = is_of_2021(lexer->edition);

    if (first == 'r' && second == '#' && starts_identifier(lexer, 2)) {
        lexer->at += 2;
        eat_identifier(lexer);
        return TOKEN_RAW_IDENTIFIER;
    }
    if (first == 'r' && (second == '"' || second == '#')) {
        lexer->at++;
        eat_raw_string(lexer);
        return TOKEN_STRING;
    }
    if (first == 'b' && second == '\'') {
        lexer->at += 2;
        eat_character(lexer);
        return TOKEN_CHARACTER;
    }
    if (first == 'b' || (first == 'c' && c_strings)) {
        if (second == '"') {
            lexer->at += 2;
            eat_string(lexer);
            return TOKEN_STRING;
        }
        if (second == 'r' && (third == '"' || third == '#')) {
            lexer->at += 2;
            eat_raw_string(lexer);
            return TOKEN_STRING;
        }
    }
    eat_identifier(lexer);
    return TOKEN_IDENTIFIER;
}

struct token lexer_next(struct lexer *lexer)
{
    if (!lexer->error)
        eat_trivia(lexer);

    struct token token = {.text = lexer->at,
                          .offset = (size_t)(lexer->at - lexer->start),
                          .line = lexer->line,
                          .column = (unsigned)(lexer->at - lexer->line_start) + 1,
                          .joined = lexer->at == lexer->last_end};
    if (lexer->error) {
        token.kind = TOKEN_ERROR;
        return token;
    }
    if (lexer->at >= lexer->end)
        return token;

    unsigned char c = peek(lexer, 0);
    if (is_digit(c)) {
        token.kind = eat_number(lexer);
    } else if (c == '\'') {
        token.kind = eat_lifetime_or_character(lexer);
    } else if (c == '"') {
        token.kind = TOKEN_STRING;
        lexer->at++;
        eat_string(lexer);
    } else if (starts_identifier(lexer, 0)) {
        token.kind = eat_word(lexer);
    } else {
        token.kind = TOKEN_PUNCTUATION;
        lexer->at++;
    }
    /* A literal's suffix belongs to it, whatever it is. */
    if (!lexer->error && (token.kind == TOKEN_STRING || token.kind == TOKEN_CHARACTER) &&
        lexer->at < lexer->end && starts_identifier(lexer, 0))
        eat_identifier(lexer);

    token.length = (size_t)(lexer->at - token.text);
    lexer->last_end = lexer->at;
    if (lexer->error) {
        token.kind = TOKEN_ERROR;
    } else if (token.kind == TOKEN_RAW_IDENTIFIER) {
        token.text += 2;
        token.length -= 2;
    } else if (token.kind == TOKEN_LIFETIME) {
        size_t skip = token.length > 3 && token.text[1] == 'r' && token.text[2] == '#' ? 3 : 1;
        token.text += skip;
        token.length -= skip;
    }
    return token;
}

/* rustc normalises identifiers (NFC). The one letter beyond ASCII that becomes an ASCII letter is
 * U+212A KELVIN SIGN. */
static bool same_name(const struct token *token, const char *name)
{
    size_t at = 0;
    for (; *name; name++) {
        if (at < token->length && token->text[at] == *name)
            at++;
        else if (*name == 'K' && token->length - at >= 3 &&
                 memcmp(token->text + at, "\xe2\x84\xaa", 3) == 0)
            at += 3;
        else
            return false;
    }
    return at == token->length;
}

bool token_is_keyword(const struct token *token, const char *keyword)
{
    return token->kind == TOKEN_IDENTIFIER && same_name(token, keyword);
}

bool token_is_name(const struct token *token, const char *name)
{
    return token_is_identifier(token) && same_name(token, name);
}

bool token_is(const struct token *token, char punctuation)
{
    return token->kind == TOKEN_PUNCTUATION && token->text[0] == punctuation;
}

bool token_is_identifier(const struct token *token)
{
    return token->kind == TOKEN_IDENTIFIER || token->kind == TOKEN_RAW_IDENTIFIER;
}
