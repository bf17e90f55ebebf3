/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/cfg.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Values as `rustc --print cfg --target TRIPLE` lists them; a key with several values has several
 * lines. */
struct fact {
    const char *key;
    const char *kernel; /* NULL: not set */
    const char *host;
};

static const struct fact facts[] = {
    {"target_abi", "", ""},
    {"target_arch", "x86_64", "x86_64"},
    {"target_endian", "little", "little"},
    {"target_env", "", "gnu"},
    {"target_family", NULL, "unix"},
    {"target_has_atomic", "8", "8"},
    {"target_has_atomic", "16", "16"},
    {"target_has_atomic", "32", "32"},
    {"target_has_atomic", "64", "64"},
    {"target_has_atomic", "ptr", "ptr"},
    {"target_os", "none", "linux"},
    {"target_pointer_width", "64", "64"},
    {"target_vendor", "unknown", "unknown"},
    {"panic", "abort", "unwind"},
};

/* Names without a value. */
static const struct fact names[] = {
    {"unix", NULL, "unix"},
    {"windows", NULL, NULL},
    {"true", "true", "true"},
    {"false", NULL, NULL},
};

static const char *const triples[] = {"x86_64-unknown-none", "x86_64-unknown-linux-gnu"};

/* Nesting beyond this is refused, so that a hostile manifest cannot exhaust the stack. */
#define DEPTH_MAX 64

struct parser {
    const char *at;
    enum cfg_target target;
    unsigned depth;
};

static void skip_spaces(struct parser *parser)
{
    while (isspace((unsigned char)*parser->at))
        parser->at++;
}

static bool take(struct parser *parser, char c)
{
    skip_spaces(parser);
    if (*parser->at != c)
        return false;
    parser->at++;
    return true;
}

static size_t take_name(struct parser *parser, const char **name)
{
    skip_spaces(parser);
    *name = parser->at;
    while (isalnum((unsigned char)*parser->at) || *parser->at == '_')
        parser->at++;
    return (size_t)(parser->at - *name);
}

static bool is(const char *word, const char *text, size_t length)
{
    return word && strlen(word) == length && memcmp(word, text, length) == 0;
}

static const char *value_of(const struct fact *fact, enum cfg_target target)
{
    return target == CFG_KERNEL ? fact->kernel : fact->host;
}

static enum cfg_answer name_is_set(const struct parser *parser, const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (is(names[i].key, name, length))
            return value_of(&names[i], parser->target) ? CFG_YES : CFG_NO;
    }
    return CFG_UNKNOWN;
}

static enum cfg_answer key_has_value(const struct parser *parser, const char *key,
                                     size_t key_length, const char *value, size_t value_length)
{
    enum cfg_answer answer = CFG_UNKNOWN;
    for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
        if (!is(facts[i].key, key, key_length))
            continue;
        if (is(value_of(&facts[i], parser->target), value, value_length))
            return CFG_YES;
        answer = CFG_NO;
    }
    return answer;
}

static enum cfg_answer predicate(struct parser *parser);

/* The arguments of all() and any() up to the closing parenthesis. */
static enum cfg_answer combine(struct parser *parser, bool all)
{
    enum cfg_answer answer = all ? CFG_YES : CFG_NO;
    bool unknown = false;
    while (!take(parser, ')')) {
        enum cfg_answer part = predicate(parser);
        if (part == CFG_UNKNOWN)
            unknown = true;
        else if (part == (all ? CFG_NO : CFG_YES))
            answer = part;
        if (!take(parser, ',')) {
            if (!take(parser, ')'))
                return CFG_UNKNOWN;
            break;
        }
    }
    return unknown ? CFG_UNKNOWN : answer;
}

static enum cfg_answer predicate(struct parser *parser)
{
    enum cfg_answer answer = CFG_UNKNOWN;
    const char *name;
    size_t length = take_name(parser, &name);
    if (length == 0 || ++parser->depth > DEPTH_MAX)
        return CFG_UNKNOWN;
    if (take(parser, '(')) {
        if (is("all", name, length)) {
            answer = combine(parser, true);
        } else if (is("any", name, length)) {
            answer = combine(parser, false);
        } else if (is("not", name, length)) {
            answer = predicate(parser);
            if (answer != CFG_UNKNOWN)
                answer = answer == CFG_YES ? CFG_NO : CFG_YES;
            take(parser, ',');
            if (!take(parser, ')'))
                answer = CFG_UNKNOWN;
        }
    } else if (take(parser, '=')) {
        if (take(parser, '"')) {
            const char *value = parser->at;
            const char *end = strchr(value, '"');
            if (end) {
                parser->at = end + 1;
                answer = key_has_value(parser, name, length, value, (size_t)(end - value));
            }
        }
    } else {
        answer = name_is_set(parser, name, length);
    }
    parser->depth--;
    return answer;
}

enum cfg_answer cfg_evaluate(enum cfg_target target, const char *text)
{
    struct parser parser = {.at = text, .target = target};
    const char *name;
    size_t length = take_name(&parser, &name);
    if (!is("cfg", name, length) || !take(&parser, '('))
        return strcmp(text, triples[target]) == 0 ? CFG_YES : CFG_NO;
    enum cfg_answer answer = predicate(&parser);
    if (!take(&parser, ')'))
        return CFG_UNKNOWN;
    skip_spaces(&parser);
    return *parser.at ? CFG_UNKNOWN : answer;
}
