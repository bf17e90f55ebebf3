/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/policy.h"
#include "base/buffer.h"
#include "base/hash.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const struct policy_ban_entry policy_bans[POLICY_BAN_COUNT] = {
#define POLICY_BAN(ban, id, code, why, help, how)                                                  \
    [POLICY_##ban] = {id, DIAG_##code, why, help, how},
#include "lint/policy.def"
};

const struct policy_word policy_words[] = {
#define POLICY_WORD(ban, word, where) {POLICY_##ban, word, POLICY_##where},
#include "lint/policy.def"
};
const size_t policy_word_count = COUNT(policy_words);

const struct policy_path policy_paths[] = {
#define POLICY_PATH(ban, module) {POLICY_##ban, module},
#include "lint/policy.def"
};
const size_t policy_path_count = COUNT(policy_paths);

const struct policy_attribute policy_attributes[] = {
#define POLICY_ATTRIBUTE(name, where) {name, POLICY_##where},
#include "lint/policy.def"
};
const size_t policy_attribute_count = COUNT(policy_attributes);

const struct policy_refused_attribute policy_refused_attributes[] = {
#define POLICY_REFUSED_ATTRIBUTE(ban, name) {POLICY_##ban, name},
#include "lint/policy.def"
};
const size_t policy_refused_attribute_count = COUNT(policy_refused_attributes);

const struct policy_item policy_items[] = {
#define POLICY_METHOD(ban, path) {POLICY_##ban, POLICY_ITEM_METHOD, path},
#define POLICY_TYPE(ban, path) {POLICY_##ban, POLICY_ITEM_TYPE, path},
#define POLICY_MACRO_PATH(ban, path) {POLICY_##ban, POLICY_ITEM_MACRO, path},
#include "lint/policy.def"
};
const size_t policy_item_count = COUNT(policy_items);

const struct policy_lint policy_lints[] = {
#define POLICY_LINT(ban, lint) {POLICY_##ban, lint},
#include "lint/policy.def"
};
const size_t policy_lint_count = COUNT(policy_lints);

const struct policy_error policy_errors[] = {
#define POLICY_RUSTC(ban, error, text) {POLICY_##ban, error, text},
#include "lint/policy.def"
};
const size_t policy_error_count = COUNT(policy_errors);

static const struct {
    enum diag_code code;
    const char *what;
    const char *id;
} others[] = {
#define POLICY_OTHER(code, what, id) {DIAG_##code, what, id},
#include "lint/policy.def"
};

void policy_clippy_toml(struct buffer *toml)
{
    static const char *const keys[] = {
        [POLICY_ITEM_METHOD] = "disallowed-methods",
        [POLICY_ITEM_TYPE] = "disallowed-types",
        [POLICY_ITEM_MACRO] = "disallowed-macros",
    };
    for (enum policy_item_kind kind = POLICY_ITEM_METHOD; kind <= POLICY_ITEM_MACRO; kind++) {
        buffer_format(toml, "%s = [\n", keys[kind]);
        for (size_t i = 0; i < COUNT(policy_items); i++)
            if (policy_items[i].kind == kind)
                buffer_format(toml, "    \"%s\",\n", policy_items[i].path);
        buffer_string(toml, "]\n");
    }
}

/* "A, B and so on" of one ban; nothing when it has none. */
static void list(struct buffer *text, bool *any, const char *lead, const char *name)
{
    if (!*any)
        buffer_format(text, "%s%s `%s`", text->length > 0 ? "; " : "", lead, name);
    else
        buffer_format(text, ", `%s`", name);
    *any = true;
}

static void enforcement(struct buffer *text, enum policy_ban ban)
{
    static const char *const where[] = {
        [POLICY_KEYWORD] = "scan: the keyword",
        [POLICY_ANYWHERE] = "scan: the name",
        [POLICY_MACRO] = "scan: the macro",
        [POLICY_CONDITION] = "scan: the condition",
        [POLICY_PREFIX] = "scan: names that begin with",
        [POLICY_BOUND] = "scan: what `as` or `mod` names",
        [POLICY_CRATE] = "scan: `extern crate` of",
    };
    static const char *const kinds[] = {
        [POLICY_ITEM_METHOD] = "clippy: function",
        [POLICY_ITEM_TYPE] = "clippy: type",
        [POLICY_ITEM_MACRO] = "clippy: macro",
    };
    for (enum policy_word_where w = POLICY_KEYWORD; w < POLICY_WHERE_COUNT; w++) {
        bool any = false;
        for (size_t i = 0; i < COUNT(policy_words); i++)
            if (policy_words[i].ban == ban && policy_words[i].where == w)
                list(text, &any, where[w], policy_words[i].word);
    }
    bool any = false;
    for (size_t i = 0; i < COUNT(policy_paths); i++)
        if (policy_paths[i].ban == ban)
            list(text, &any, "scan: paths into core's module", policy_paths[i].module);
    any = false;
    for (size_t i = 0; i < COUNT(policy_refused_attributes); i++)
        if (policy_refused_attributes[i].ban == ban)
            list(text, &any, "scan: the attribute", policy_refused_attributes[i].name);
    if (ban == POLICY_ATTRIBUTE) {
        any = false;
        for (size_t i = 0; i < COUNT(policy_attributes); i++)
            list(text, &any, "scan: every attribute but", policy_attributes[i].name);
    }
    any = false;
    for (size_t i = 0; i < COUNT(policy_lints); i++)
        if (policy_lints[i].ban == ban)
            list(text, &any, "lint", policy_lints[i].lint);
    for (enum policy_item_kind kind = POLICY_ITEM_METHOD; kind <= POLICY_ITEM_MACRO; kind++) {
        any = false;
        for (size_t i = 0; i < COUNT(policy_items); i++)
            if (policy_items[i].ban == ban && policy_items[i].kind == kind)
                list(text, &any, kinds[kind], policy_items[i].path);
    }
    if (*policy_bans[ban].how)
        buffer_format(text, "%s%s", text->length > 0 ? "; " : "", policy_bans[ban].how);
}

void policy_markdown(struct buffer *text)
{
    buffer_string(text, "| code | ban | why | instead | enforced by | attacks |\n");
    buffer_string(text, "|---|---|---|---|---|---|\n");
    for (size_t ban = 0; ban < POLICY_BAN_COUNT; ban++) {
        const struct policy_ban_entry *entry = &policy_bans[ban];
        struct buffer how = {0};
        enforcement(&how, (enum policy_ban)ban);
        buffer_format(text, "| REX%04u | %s | %s | %s | %s | `%s` |\n", (unsigned)entry->code,
                      diag_code_title(entry->code), entry->why, entry->help,
                      how.data ? how.data : "", entry->id);
        buffer_free(&how);
    }
    for (size_t i = 0; i < COUNT(others); i++)
        buffer_format(
            text,
            "| REX%04u | %s | `rexc explain REX%04u` says | | the driver and the crate | `%s` |\n",
            (unsigned)others[i].code, others[i].what, (unsigned)others[i].code, others[i].id);
}

void policy_digest(char *hex)
{
    struct buffer text = {0};
    policy_markdown(&text);
    policy_clippy_toml(&text);
    hash_bytes(text.data, text.length, hex);
    buffer_free(&text);
}
