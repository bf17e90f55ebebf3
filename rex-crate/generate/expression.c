/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
#include "rex-crate/generate/expression.h"
#include <ctype.h>
#include <string.h>

struct parser {
    const char *at;
    const char *end;
    bool (*lookup)(const char *name, size_t length, struct value *value, void *data);
    void *data;
    bool failed;
};

static struct value parse_conditional(struct parser *parser);

static struct value fail(struct parser *parser)
{
    parser->failed = true;
    return (struct value){0};
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end && isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool accept(struct parser *parser, const char *token)
{
    size_t length = strlen(token);
    skip_space(parser);
    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, token, length) != 0)
        return false;
    parser->at += length;
    return true;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

static size_t word_length(const struct parser *parser)
{
    size_t length = 0;
    while (parser->at + length < parser->end && is_word(parser->at[length]))
        length++;
    return length;
}

static bool word_is(const char *word, size_t length, const char *text)
{
    return strlen(text) == length && memcmp(word, text, length) == 0;
}

static struct value parse_number(struct parser *parser)
{
    unsigned base = 10;
    struct value value = {0};
    if (parser->end - parser->at > 1 && parser->at[0] == '0') {
        base = parser->at[1] == 'x' || parser->at[1] == 'X' ? 16 : 8;
        parser->at += base == 16 ? 2 : 1;
        if (base == 16 && (parser->at == parser->end || !isxdigit((unsigned char)*parser->at)))
            return fail(parser);
    }
    for (; parser->at < parser->end && isxdigit((unsigned char)*parser->at); parser->at++) {
        char c = *parser->at;
        unsigned digit = isdigit((unsigned char)c)
                             ? (unsigned)(c - '0')
                             : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
        if (digit >= base || value.bits > (UINT64_MAX - digit) / base)
            return fail(parser);
        value.bits = value.bits * base + digit;
    }
    for (; parser->at < parser->end && is_word(*parser->at); parser->at++) {
        if (!strchr("uUlL", *parser->at))
            return fail(parser);
        value.is_unsigned = value.is_unsigned || tolower((unsigned char)*parser->at) == 'u';
    }
    if (parser->at < parser->end && *parser->at == '.')
        return fail(parser);
    value.is_unsigned = value.is_unsigned || value.bits > INT64_MAX;
    return value;
}

/* Takes "type)" after an opening parenthesis; false, and nothing taken, when it is no type's name.
 */
static bool accept_cast(struct parser *parser, unsigned *bits, bool *is_unsigned)
{
    static const struct {
        const char *name;
        unsigned bits; /* 0: a qualifier */
        bool is_unsigned;
    } words[] = {
        {"unsigned", 0, true}, {"signed", 0, false}, {"const", 0, false},  {"int", 0, false},
        {"char", 8, false},    {"short", 16, false}, {"long", 64, false},  {"__u8", 8, true},
        {"__u16", 16, true},   {"__u32", 32, true},  {"__u64", 64, true},  {"__s8", 8, false},
        {"__s16", 16, false},  {"__s32", 32, false}, {"__s64", 64, false}, {"__be16", 16, true},
        {"__be32", 32, true},
    };
    const char *start = parser->at;
    unsigned width = 0;
    bool any = false;
    bool without_sign = false;
    for (;;) {
        skip_space(parser);
        size_t length = word_length(parser);
        size_t i = 0;
        while (i < sizeof(words) / sizeof(words[0]) && !word_is(parser->at, length, words[i].name))
            i++;
        if (length == 0 || i == sizeof(words) / sizeof(words[0]))
            break;
        any = true;
        without_sign = without_sign || words[i].is_unsigned;
        if (words[i].bits)
            width = words[i].bits;
        parser->at += length;
    }
    if (!any || !accept(parser, ")")) {
        parser->at = start;
        return false;
    }
    *bits = width ? width : 32;
    *is_unsigned = without_sign;
    return true;
}

static struct value cast(struct value value, unsigned bits, bool is_unsigned)
{
    if (bits < 64) {
        uint64_t mask = (UINT64_C(1) << bits) - 1;
        bool negative = !is_unsigned && (value.bits >> (bits - 1) & 1);
        value.bits = negative ? value.bits | ~mask : value.bits & mask;
    }
    value.is_unsigned = is_unsigned && bits == 64;
    return value;
}

static struct value parse_unary(struct parser *parser)
{
    unsigned bits;
    bool is_unsigned;
    struct value value;
    if (accept(parser, "(")) {
        if (accept_cast(parser, &bits, &is_unsigned))
            return cast(parse_unary(parser), bits, is_unsigned);
        value = parse_conditional(parser);
        return accept(parser, ")") ? value : fail(parser);
    }
    if (accept(parser, "+"))
        return parse_unary(parser);
    if (accept(parser, "-")) {
        value = parse_unary(parser);
        value.bits = -value.bits;
        return value;
    }
    if (accept(parser, "~")) {
        value = parse_unary(parser);
        value.bits = ~value.bits;
        return value;
    }
    if (accept(parser, "!"))
        return (struct value){.bits = !parse_unary(parser).bits};
    skip_space(parser);
    if (parser->at == parser->end)
        return fail(parser);
    if (isdigit((unsigned char)*parser->at))
        return parse_number(parser);
    size_t length = word_length(parser);
    if (length == 0 || !parser->lookup(parser->at, length, &value, parser->data))
        return fail(parser);
    parser->at += length;
    return value;
}

enum operator{
    OR,
    AND,
    BIT_OR,
    BIT_XOR,
    BIT_AND,
    EQUAL,
    NOT_EQUAL,
    LESS_EQUAL,
    GREATER_EQUAL,
    SHIFT_LEFT,
    SHIFT_RIGHT,
    LESS,
    GREATER,
    PLUS,
    MINUS,
    TIMES,
    DIVIDE,
    REMAINDER,
};

/* In the order in which they are tried: none is a prefix of a later one of equal or other
 * precedence. */
static const struct {
    const char *text;
    int precedence; /* higher binds tighter */
    enum operator operator;
} operators[] = {
    {"||", 1, OR},         {"&&", 2, AND},         {"|", 3, BIT_OR},
    {"^", 4, BIT_XOR},     {"&", 5, BIT_AND},      {"==", 6, EQUAL},
    {"!=", 6, NOT_EQUAL},  {"<=", 7, LESS_EQUAL},  {">=", 7, GREATER_EQUAL},
    {"<<", 8, SHIFT_LEFT}, {">>", 8, SHIFT_RIGHT}, {"<", 7, LESS},
    {">", 7, GREATER},     {"+", 9, PLUS},         {"-", 9, MINUS},
    {"*", 10, TIMES},      {"/", 10, DIVIDE},      {"%", 10, REMAINDER},
};

static bool less(struct value a, struct value b, bool is_unsigned)
{
    return is_unsigned ? a.bits < b.bits : (int64_t)a.bits < (int64_t)b.bits;
}

static struct value divide(struct parser *parser, struct value a, struct value b, bool is_unsigned,
                           bool remainder)
{
    if (b.bits == 0 || (!is_unsigned && a.bits == (uint64_t)INT64_MIN && b.bits == UINT64_MAX))
        return fail(parser);
    struct value value = {.is_unsigned = is_unsigned};
    if (is_unsigned)
        value.bits = remainder ? a.bits % b.bits : a.bits / b.bits;
    else
        value.bits = (uint64_t)(remainder ? (int64_t)a.bits % (int64_t)b.bits
                                          : (int64_t)a.bits / (int64_t)b.bits);
    return value;
}

static struct value apply(struct parser *parser, enum operator operator, struct value a,
                          struct value b)
{
    bool is_unsigned = a.is_unsigned || b.is_unsigned;
    struct value value = {.is_unsigned = is_unsigned};
    switch (operator) {
    case OR:
        return (struct value){.bits = a.bits || b.bits};
    case AND:
        return (struct value){.bits = a.bits && b.bits};
    case EQUAL:
        return (struct value){.bits = a.bits == b.bits};
    case NOT_EQUAL:
        return (struct value){.bits = a.bits != b.bits};
    case LESS:
        return (struct value){.bits = less(a, b, is_unsigned)};
    case GREATER:
        return (struct value){.bits = less(b, a, is_unsigned)};
    case LESS_EQUAL:
        return (struct value){.bits = !less(b, a, is_unsigned)};
    case GREATER_EQUAL:
        return (struct value){.bits = !less(a, b, is_unsigned)};
    case BIT_OR:
        value.bits = a.bits | b.bits;
        return value;
    case BIT_XOR:
        value.bits = a.bits ^ b.bits;
        return value;
    case BIT_AND:
        value.bits = a.bits & b.bits;
        return value;
    case PLUS:
        value.bits = a.bits + b.bits;
        return value;
    case MINUS:
        value.bits = a.bits - b.bits;
        return value;
    case TIMES:
        value.bits = a.bits * b.bits;
        return value;
    case DIVIDE:
        return divide(parser, a, b, is_unsigned, false);
    case REMAINDER:
        return divide(parser, a, b, is_unsigned, true);
    case SHIFT_LEFT:
    case SHIFT_RIGHT:
        if (b.bits > 63)
            return fail(parser);
        value.is_unsigned = a.is_unsigned;
        if (operator== SHIFT_LEFT)
            value.bits = a.bits << b.bits;
        else
            value.bits = a.is_unsigned ? a.bits >> b.bits : (uint64_t)((int64_t)a.bits >> b.bits);
        return value;
    }
    return fail(parser);
}

/* Operands joined by operators of at least that precedence. */
static struct value parse_binary(struct parser *parser, int precedence)
{
    struct value left = parse_unary(parser);
    while (!parser->failed) {
        const char *before = parser->at;
        size_t i = 0;
        while (i < sizeof(operators) / sizeof(operators[0]) && !accept(parser, operators[i].text))
            i++;
        if (i == sizeof(operators) / sizeof(operators[0]))
            break;
        if (operators[i].precedence < precedence) {
            parser->at = before;
            break;
        }
        struct value right = parse_binary(parser, operators[i].precedence + 1);
        left = apply(parser, operators[i].operator, left, right);
    }
    return left;
}

static struct value parse_conditional(struct parser *parser)
{
    struct value condition = parse_binary(parser, 1);
    if (parser->failed || !accept(parser, "?"))
        return condition;
    struct value yes = parse_conditional(parser);
    if (!accept(parser, ":"))
        return fail(parser);
    struct value no = parse_conditional(parser);
    return condition.bits ? yes : no;
}

bool expression_evaluate(const char *text, size_t length,
                         bool (*lookup)(const char *name, size_t length, struct value *value,
                                        void *data),
                         void *data, struct value *value)
{
    struct parser parser = {.at = text, .end = text + length, .lookup = lookup, .data = data};
    *value = parse_conditional(&parser);
    skip_space(&parser);
    return !parser.failed && parser.at == parser.end;
}
