/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/attributes.h"
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

static unsigned check_attribute(struct diag *diag, const struct source *source, size_t first,
                                size_t end, bool inner);

/* The path from index on, as text, and in *end the index after it. NULL when no path stands there.
 */
static char *read_path(const struct source *source, size_t index, size_t *end)
{
    struct buffer path = {0};
    bool more = true;
    if (source_is_pair(source, index, "::"))
        index += 2;
    while (more && token_is_identifier(source_at(source, index))) {
        const struct token *part = source_at(source, index);
        buffer_append(&path, part->text, part->length);
        index++;
        more = source_is_pair(source, index, "::");
        if (more) {
            buffer_string(&path, "::");
            index += 2;
        }
    }
    *end = index;
    if (path.length == 0) {
        buffer_free(&path);
        return NULL;
    }
    return buffer_take(&path);
}

/* The attributes of the rex crate may be written with their crate's name. */
static const char *without_rex(const char *path)
{
    static const char *const crates[] = {"rex::", "rex_macros::"};
    for (size_t i = 0; i < sizeof(crates) / sizeof(crates[0]); i++)
        if (strncmp(path, crates[i], strlen(crates[i])) == 0 &&
            strncmp(path + strlen(crates[i]), "rex_", 4) == 0)
            return path + strlen(crates[i]);
    return path;
}

static const struct policy_attribute *find_allowed(const char *path)
{
    for (size_t i = 0; i < policy_attribute_count; i++)
        if (strcmp(policy_attributes[i].name, without_rex(path)) == 0)
            return &policy_attributes[i];
    return NULL;
}

static enum policy_ban ban_of(const char *path)
{
    for (size_t i = 0; i < policy_refused_attribute_count; i++)
        if (strcmp(policy_refused_attributes[i].name, path) == 0)
            return policy_refused_attributes[i].ban;
    return POLICY_ATTRIBUTE;
}

/* A word that the scan refuses wherever it stands is reported by it, not here as well. */
static bool is_refused_everywhere(const char *path)
{
    for (size_t i = 0; i < policy_word_count; i++)
        if (policy_words[i].where <= POLICY_ANYWHERE && strcmp(policy_words[i].word, path) == 0)
            return true;
    return false;
}

/* Do tokens with these texts stand from index on? */
static bool stand(const struct source *source, size_t index, const char *const *texts)
{
    for (; *texts; texts++, index++) {
        const struct token *token = source_at(source, index);
        if (token->kind == TOKEN_RAW_IDENTIFIER || token->length != strlen(*texts) ||
            memcmp(token->text, *texts, token->length) != 0)
            return false;
    }
    return true;
}

/* Expanded source has attributes that the compiler's own macros and the rex attributes write. index
 * is that of the name. */
static bool is_generated(const struct source *source, size_t index, const char *path)
{
    static const char *const names[] = {"automatically_derived", "coverage", "prelude_import"};
    static const char *const prelude[] = {"feature", "(", "prelude_import", ")", "]", NULL};
    static const char *const program[] = {"used",    "]", "static", "PROGRAM", ":",
                                          ":",       ":", "rex",    ":",       ":",
                                          "program", ":", ":",      "Marker",  NULL};
    static const char *const map[] = {"unsafe", "(", "export_name", "=", NULL};
    if (source->is_file)
        return false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    /* #[unsafe(export_name = "NAME")] #[used]: `unsafe` is never the author's. */
    return stand(source, index, prelude) || stand(source, index, program) ||
           (strcmp(path, "used") == 0 && index >= 9 && stand(source, index - 9, map));
}

/* cfg_attr(predicate, attribute, attribute...): the brackets are at open and close. */
static unsigned check_cfg_attr(struct diag *diag, const struct source *source, size_t open,
                               size_t close, bool inner)
{
    unsigned found = 0;
    bool predicate = true;
    for (size_t first = open + 1; first < close;) {
        size_t end = first;
        while (end < close && !token_is(source_at(source, end), ',')) {
            const struct token *token = source_at(source, end);
            bool bracket = token_is(token, '(') || token_is(token, '[') || token_is(token, '{');
            end = bracket ? source_closing(source, end) + 1 : end + 1;
        }
        if (!predicate && end > first)
            found += check_attribute(diag, source, first, end, inner);
        predicate = false;
        first = end + 1;
    }
    return found;
}

/* The outermost macro_rules around index, as the range of its braces. */
static bool find_macro(const struct source *source, size_t index, size_t *open, size_t *close)
{
    for (size_t i = 0; i < index; i++) {
        if (!token_is_name(&source->tokens[i], "macro_rules") ||
            !token_is(source_at(source, i + 1), '!'))
            continue;
        size_t bracket = i + 3;
        size_t end = source_closing(source, bracket);
        if (index < end) {
            *open = bracket;
            *close = end;
            return true;
        }
        i = end;
    }
    return false;
}

/* `#[$name]` in a macro body: what the macro was given must have stood in `#[...]` where it was
 * called, so the pattern must be `#[$name:meta]`, each time that the macro binds this name. */
static bool is_bound_in_attribute(const struct source *source, size_t name)
{
    const struct token *wanted = source_at(source, name);
    size_t open, close;
    if (!token_is_identifier(wanted) || !find_macro(source, name, &open, &close))
        return false;
    bool bound = false;
    for (size_t i = open; i < close; i++) {
        const struct token *token = source_at(source, i + 1);
        if (!token_is(source_at(source, i), '$') || token->length != wanted->length ||
            memcmp(token->text, wanted->text, wanted->length) != 0 ||
            !token_is(source_at(source, i + 2), ':') || source_is_pair(source, i + 2, "::"))
            continue;
        if (i < open + 2 || !token_is(source_at(source, i - 1), '[') ||
            !token_is(source_at(source, i - 2), '#') ||
            !token_is_name(source_at(source, i + 3), "meta") ||
            !token_is(source_at(source, i + 4), ']'))
            return false;
        bound = true;
    }
    return bound;
}

/* The tokens from first up to end: an attribute without its brackets. */
static unsigned check_attribute(struct diag *diag, const struct source *source, size_t first,
                                size_t end, bool inner)
{
    if (token_is(source_at(source, first), '$')) {
        bool fragment = token_is(source_at(source, first + 2), ':');
        if ((first + 2 == end && is_bound_in_attribute(source, first + 1)) ||
            (fragment && token_is_name(source_at(source, first + 3), "meta") && first + 4 == end))
            return 0;
        source_report(diag, source, POLICY_ATTRIBUTE, first, end - 1,
                      "an attribute that only the macro's caller knows");
        return 1;
    }

    size_t after;
    char *path = read_path(source, first, &after);
    unsigned found = 0;
    const struct policy_attribute *allowed = path ? find_allowed(path) : NULL;
    if (allowed && (allowed->where & (inner ? POLICY_INNER : POLICY_OUTER)) == 0) {
        source_report(diag, source, POLICY_ATTRIBUTE, first, after - 1,
                      "the attribute `%s` is not allowed %s", path,
                      inner ? "for a whole crate or module" : "for an item");
        found++;
    } else if (allowed && strcmp(path, "cfg_attr") == 0 &&
               token_is(source_at(source, after), '(')) {
        found += check_cfg_attr(diag, source, after, source_closing(source, after), inner);
    } else if (path && !allowed && !is_refused_everywhere(path) &&
               !is_generated(source, first, path)) {
        source_report(diag, source, ban_of(path), first, after - 1,
                      "the attribute `%s` is not allowed", path);
        found++;
    } else if (!path) {
        source_report(diag, source, POLICY_ATTRIBUTE, first, end > first ? end - 1 : first,
                      "an attribute without a name");
        found++;
    }
    free(path);
    return found;
}

unsigned attributes_check(struct diag *diag, const struct source *source, size_t index)
{
    bool inner = token_is(source_at(source, index + 1), '!');
    size_t open = index + (inner ? 2 : 1);
    if (!token_is(source_at(source, open), '[')) {
        source_report(diag, source, POLICY_ATTRIBUTE, index, index, "a # that begins no attribute");
        return 1;
    }
    return check_attribute(diag, source, open + 1, source_closing(source, open), inner);
}
