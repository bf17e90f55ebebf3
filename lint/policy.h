/* SPDX-License-Identifier: Apache-2.0 */
/* The policy of policy.def as tables. */
#ifndef REXC_LINT_POLICY_H
#define REXC_LINT_POLICY_H

#include "base/diag.h"

#include <stdbool.h>
#include <stddef.h>

struct buffer;

enum policy_ban {
#define POLICY_BAN(ban, id, code, why, help, how) POLICY_##ban,
#include "lint/policy.def"
    POLICY_BAN_COUNT
};

struct policy_ban_entry {
    const char *id; /* names the directory of its attacks */
    enum diag_code code;
    const char *why;
    const char *help;
    const char *how; /* enforcement that the other tables do not show; "" for none */
};
extern const struct policy_ban_entry policy_bans[POLICY_BAN_COUNT];

enum policy_word_where {
    POLICY_KEYWORD,
    POLICY_ANYWHERE,
    POLICY_MACRO,
    POLICY_CONDITION,
    POLICY_PREFIX,
    POLICY_BOUND,
    POLICY_CRATE,
    POLICY_WHERE_COUNT
};

struct policy_word {
    enum policy_ban ban;
    const char *word;
    enum policy_word_where where;
};
extern const struct policy_word policy_words[];
extern const size_t policy_word_count;

/* core::MODULE, and std::MODULE, and what is below. */
struct policy_path {
    enum policy_ban ban;
    const char *module;
};
extern const struct policy_path policy_paths[];
extern const size_t policy_path_count;

enum policy_attribute_where { POLICY_OUTER = 1, POLICY_INNER = 2, POLICY_BOTH = 3 };

struct policy_attribute {
    const char *name; /* with :: when it has several parts */
    enum policy_attribute_where where;
};
extern const struct policy_attribute policy_attributes[];
extern const size_t policy_attribute_count;

struct policy_refused_attribute {
    enum policy_ban ban;
    const char *name;
};
extern const struct policy_refused_attribute policy_refused_attributes[];
extern const size_t policy_refused_attribute_count;

/* An entry of clippy's disallowed_methods, disallowed_types or disallowed_macros. */
enum policy_item_kind { POLICY_ITEM_METHOD, POLICY_ITEM_TYPE, POLICY_ITEM_MACRO };

struct policy_item {
    enum policy_ban ban;
    enum policy_item_kind kind;
    const char *path;
};
extern const struct policy_item policy_items[];
extern const size_t policy_item_count;

struct policy_lint {
    enum policy_ban ban;
    const char *lint;
};
extern const struct policy_lint policy_lints[];
extern const size_t policy_lint_count;

/* An error of rustc's that says what the ban is about: shown as the policy's own. */
struct policy_error {
    enum policy_ban ban;
    const char *code;
    const char *text; /* must occur in the message */
};
extern const struct policy_error policy_errors[];
extern const size_t policy_error_count;

/* clippy.toml, appended. */
void policy_clippy_toml(struct buffer *toml);

/* The table of docs/policy.md, appended. */
void policy_markdown(struct buffer *text);

/* SHA-256 over everything above, for the object's note. hex holds HASH_HEX_SIZE bytes. */
void policy_digest(char *hex);

#endif
