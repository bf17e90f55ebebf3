/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/context_value.h"

#include "base/diag.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int context_refuse(const struct context_parser *parser, const char *format, ...)
{
    struct diag_message message = {.code = DIAG_RUN_CONTEXT,
                                   .at = {.file = parser->name},
                                   .help = "docs/run.md describes the context file"};
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    diag_report(parser->diag, &message, "%s: %s", parser->path[0] ? parser->path : "the file",
                text);
    return -1;
}

int context_no_memory(const struct context_parser *parser)
{
    return diag_error(parser->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for %s", parser->name);
}

size_t context_enter_key(struct context_parser *parser, const char *key)
{
    size_t length = strlen(parser->path);

    snprintf(parser->path + length, sizeof(parser->path) - length, "%s%s", length ? "." : "", key);
    return length;
}

size_t context_enter_index(struct context_parser *parser, size_t index)
{
    size_t length = strlen(parser->path);

    snprintf(parser->path + length, sizeof(parser->path) - length, "[%zu]", index);
    return length;
}

void context_leave(struct context_parser *parser, size_t length)
{
    parser->path[length] = '\0';
}

int context_number(const struct context_parser *parser, const json_t *value, uint64_t *number)
{
    if (json_is_integer(value)) {
        *number = (uint64_t)json_integer_value(value);
        return 0;
    }
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        const char *digits = text[0] == '-' ? text + 1 : text;
        char *end = NULL;
        errno = 0;
        uint64_t magnitude = strtoull(digits, &end, 0);
        if (digits[0] >= '0' && digits[0] <= '9' && *end == '\0' && errno == 0 &&
            !(text != digits && magnitude > (uint64_t)INT64_MAX + 1)) {
            *number = text == digits ? magnitude : 0 - magnitude;
            return 0;
        }
    }
    return context_refuse(parser,
                          "not a number (an integer, or a string such as \"0xffffffff81000000\")");
}

int context_bounded(const struct context_parser *parser, const json_t *value, uint64_t low,
                    uint64_t high, uint64_t *number)
{
    if (context_number(parser, value, number) != 0)
        return -1;
    if (*number < low || *number > high)
        return context_refuse(parser, "the number must be from %llu to %llu",
                              (unsigned long long)low, (unsigned long long)high);
    return 0;
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

int context_hex(const struct context_parser *parser, const json_t *value, uint8_t *bytes,
                size_t limit, size_t *size)
{
    const char *text = json_string_value(value);

    if (!text)
        return context_refuse(parser, "not a string of hexadecimal digits");
    for (*size = 0; *text;) {
        if (*text == ' ') {
            text++;
            continue;
        }
        int high = digit_of(text[0]), low = high < 0 ? -1 : digit_of(text[1]);
        if (low < 0)
            return context_refuse(parser, "not a string of hexadecimal digits, two a byte");
        if (*size == limit)
            return context_refuse(parser, "more than %zu bytes", limit);
        bytes[(*size)++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return 0;
}

int context_members(struct context_parser *parser, const json_t *object,
                    const struct context_member *members, void *target)
{
    const char *key;
    json_t *value;

    if (!json_is_object(object))
        return context_refuse(parser, "not an object");
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        const struct context_member *member = members;
        size_t length = context_enter_key(parser, key);
        while (member->name && strcmp(member->name, key) != 0)
            member++;
        if (!member->name)
            return context_refuse(parser, "there is no member of this name");
        if (member->parse(parser, value, target) != 0)
            return -1;
        context_leave(parser, length);
    }
    return 0;
}
