/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/messages.h"
#include "base/diag.h"
#include "base/memory.h"
#include "lint/policy.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static unsigned number_of(const json_t *object, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(object, key));
    return number > 0 && number < 1 << 30 ? (unsigned)number : 0;
}

static const json_t *primary_span(const json_t *message)
{
    size_t index;
    const json_t *span, *spans = json_object_get(message, "spans");
    json_array_foreach(spans, index,
                       span) if (json_is_true(json_object_get(span, "is_primary"))) return span;
    return NULL;
}

/* rustc counts columns in characters, from 1; our columns are bytes. */
static unsigned byte_column(const char *line, unsigned character)
{
    unsigned bytes = 0;
    for (unsigned seen = 0; line[bytes]; bytes++) {
        bool first = ((unsigned char)line[bytes] & 0xc0) != 0x80;
        if (first && ++seen == character)
            break;
    }
    return bytes + 1;
}

static struct diag_location location_of(const json_t *message)
{
    struct diag_location at = {0};
    const json_t *span = primary_span(message);
    if (!span)
        return at;
    const char *line = text_of(json_array_get(json_object_get(span, "text"), 0), "text");
    at.file = text_of(span, "file_name");
    at.line = number_of(span, "line_start");
    at.column = byte_column(line, number_of(span, "column_start"));
    if (number_of(span, "line_end") == at.line)
        at.end_column = byte_column(line, number_of(span, "column_end"));
    return at;
}

/* Does the message have the words in backquotes? */
static bool mentions(const char *message, const char *words)
{
    size_t length = strlen(words);
    for (const char *at = message; (at = strstr(at, words)); at++)
        if (at > message && at[-1] == '`' && at[length] == '`')
            return true;
    return false;
}

/* The ban that a message is about. */
static bool find_ban(const char *code, const char *message, bool is_error, enum policy_ban *ban)
{
    static const char *const disallowed[] = {
        [POLICY_ITEM_METHOD] = "clippy::disallowed_methods",
        [POLICY_ITEM_TYPE] = "clippy::disallowed_types",
        [POLICY_ITEM_MACRO] = "clippy::disallowed_macros",
    };
    for (size_t i = 0; i < policy_lint_count; i++)
        if (strcmp(policy_lints[i].lint, code) == 0) {
            *ban = policy_lints[i].ban;
            return true;
        }
    for (size_t i = 0; i < policy_item_count; i++)
        if (strcmp(disallowed[policy_items[i].kind], code) == 0 &&
            mentions(message, policy_items[i].path)) {
            *ban = policy_items[i].ban;
            return true;
        }
    for (size_t i = 0; is_error && i < policy_error_count; i++)
        if (strcmp(policy_errors[i].code, code) == 0 && strstr(message, policy_errors[i].text)) {
            *ban = policy_errors[i].ban;
            return true;
        }
    return false;
}

/* "aborting due to 3 previous errors" and "2 warnings emitted" sum up what was shown. */
static bool is_summary(const json_t *message)
{
    return json_is_null(json_object_get(message, "code")) &&
           json_array_size(json_object_get(message, "spans")) == 0 &&
           (strncmp(text_of(message, "message"), "aborting due to", 15) == 0 ||
            strstr(text_of(message, "message"), "emitted"));
}

/* rustc ends with 1 as well when it cannot write: std::io::Error's words for it, and no place. */
static bool blames_machine(const json_t *message)
{
    static const int reasons[] = {ENOSPC, EDQUOT, EFBIG,  EROFS,  EIO,  ENOMEM,
                                  EAGAIN, EMFILE, ENFILE, EACCES, EPERM};
    const char *what = text_of(message, "message");
    const char *number = strstr(what, "(os error ");
    if (!number || json_array_size(json_object_get(message, "spans")) > 0)
        return false;
    int error = atoi(number + strlen("(os error "));
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (error == reasons[i])
            return true;
    return false;
}

static void show(struct diag *diag, const json_t *message, const char *configuration, bool warnings,
                 struct messages_result *result)
{
    const char *level = text_of(message, "level"), *what = text_of(message, "message");
    const char *code = text_of(json_object_get(message, "code"), "code");
    bool is_error = strncmp(level, "error", 5) == 0; /* "error: internal compiler error" too */
    if ((!is_error && strcmp(level, "warning") != 0) || is_summary(message))
        return;
    /* clippy warns of paths in clippy.toml that this version's core does not have. An error without
     * a place of its own is given the first file that was read, which is clippy.toml as well. */
    struct diag_location at = location_of(message);
    if (at.file && strcmp(at.file, configuration) == 0) {
        if (!is_error)
            return;
        at = (struct diag_location){0};
    }

    enum policy_ban ban;
    if (find_ban(code, what, is_error, &ban)) {
        const struct policy_ban_entry *entry = &policy_bans[ban];
        struct diag_message report = {
            .code = entry->code, .at = at, .why = entry->why, .help = entry->help};
        diag_report(diag, &report, "%s", what);
        result->refused++;
    } else if (is_error || warnings) {
        const char *rendered = text_of(message, "rendered");
        diag_forward(diag, strncmp(code, "clippy::", 8) == 0 ? "clippy" : "rustc", rendered,
                     strlen(rendered));
        result->errors += is_error;
        result->machine += is_error && blames_machine(message);
    }
}

/* The next message of text from *line on, which is moved past it; NULL when none is left. What is
 * no JSON is appended to rest, unless that is NULL. To be given to json_decref. */
static json_t *next_message(const char **line, const char *stop, struct buffer *rest)
{
    while (*line < stop) {
        const char *start = *line, *newline = memchr(start, '\n', (size_t)(stop - start));
        const char *end = newline ? newline : stop;
        *line = newline ? newline + 1 : stop;
        json_t *message = json_loadb(start, (size_t)(end - start), JSON_ALLOW_NUL, NULL);
        if (message && strcmp(text_of(message, "$message_type"), "diagnostic") == 0)
            return message;
        if (!message && rest) {
            buffer_append(rest, start, (size_t)(end - start));
            buffer_char(rest, '\n');
        }
        json_decref(message);
    }
    return NULL;
}

struct messages_result messages_show(struct diag *diag, const char *text, size_t size,
                                     const char *configuration, bool warnings)
{
    struct messages_result result = {0};
    const char *line = text;
    for (json_t *message; (message = next_message(&line, text + size, &result.rest));) {
        show(diag, message, configuration, warnings, &result);
        json_decref(message);
    }
    return result;
}

int messages_blame_machine(struct diag *diag, const char *crate)
{
    return diag_error(
        diag, DIAG_CANNOT_WRITE,
        "the compiler's message above says what is short: space, a limit, a permission",
        "the compiler could not do its work on %s", crate);
}

bool messages_only_advise(const char *text, size_t size)
{
    unsigned advice = 0, others = 0;
    const char *line = text;
    for (json_t *message; (message = next_message(&line, text + size, NULL));) {
        const char *code = text_of(json_object_get(message, "code"), "code");
        if (strncmp(text_of(message, "level"), "error", 5) == 0 && !is_summary(message)) {
            if (strncmp(code, "clippy::", 8) == 0)
                advice++;
            else
                others++;
        }
        json_decref(message);
    }
    return advice > 0 && others == 0;
}
