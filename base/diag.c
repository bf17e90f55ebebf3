/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/buffer.h"
#include "base/demangle.h"
#include "base/memory.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct diag {
    enum diag_format format;
    bool color;
    bool quiet;
    FILE *stream;
    unsigned counts[DIAG_NOTE + 1];
    int exit_status;
};

struct code_entry {
    unsigned number;
    int exit_status;
    const char *title;
    const char *explanation;
};

static const struct code_entry codes[] = {
#define REX_CODE(number, name, exit_status, title, explanation)                                    \
    {number, exit_status, title, explanation},
#include "base/codes.def"
#undef REX_CODE
};

static const char *const severity_names[] = {"error", "warning", "note"};

static const struct code_entry *find_code(unsigned number)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        if (codes[i].number == number)
            return &codes[i];
    return NULL;
}

const char *diag_code_title(unsigned number)
{
    const struct code_entry *entry = find_code(number);
    return entry ? entry->title : NULL;
}

const char *diag_code_explanation(unsigned number)
{
    const struct code_entry *entry = find_code(number);
    return entry ? entry->explanation : NULL;
}

void diag_each_code(void (*visit)(unsigned number, const char *title, void *data), void *data)
{
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        visit(codes[i].number, codes[i].title, data);
}

/* https://no-color.org: any non-empty value switches colour off. */
static bool wants_color(const struct diag_options *options, FILE *stream)
{
    if (options->format == DIAG_JSON || options->color == DIAG_COLOR_NEVER)
        return false;
    if (options->color == DIAG_COLOR_ALWAYS)
        return true;
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return isatty(fileno(stream)) && !(no_color && *no_color) &&
           !(terminal && strcmp(terminal, "dumb") == 0);
}

struct diag *diag_new(const struct diag_options *options)
{
    struct diag *diag = must_alloc(1, sizeof(*diag));
    diag->stream = options->stream ? options->stream : stderr;
    diag->format = options->format;
    diag->color = wants_color(options, diag->stream);
    diag->quiet = options->quiet;
    return diag;
}

void diag_free(struct diag *diag)
{
    free(diag);
}

unsigned diag_count(const struct diag *diag, enum diag_severity severity)
{
    return diag->counts[severity];
}

int diag_exit_status(const struct diag *diag)
{
    return diag->exit_status;
}

enum diag_format diag_get_format(const struct diag *diag)
{
    return diag->format;
}

bool diag_uses_color(const struct diag *diag)
{
    return diag->color;
}

/* The given line of a file without its line end, or NULL when it cannot be had: a diagnostic is not
 * the place to fail about a source that is gone. */
static char *source_line(const char *path, unsigned number)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return NULL;
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length = -1;
    for (unsigned i = 0; i < number; i++) {
        length = getline(&line, &capacity, file);
        if (length < 0)
            break;
    }
    fclose(file);
    if (length < 0) {
        free(line);
        return NULL;
    }
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r'))
        line[--length] = '\0';
    for (ssize_t i = 0; i < length; i++)
        if ((unsigned char)line[i] < 0x20 && line[i] != '\t')
            line[i] = '?';
    return line;
}

/* Most bytes of a source line that are shown, around the place. */
enum { EXCERPT_MAX = 240 };

/* The part of a line that is shown, as [*from, *to): all of it, or what lies around the column
 * (from 1), cut between characters. */
static void choose_part(const char *line, size_t length, unsigned column, size_t *from, size_t *to)
{
    const size_t before = EXCERPT_MAX / 3;

    *from = 0;
    *to = length;
    if (length <= EXCERPT_MAX)
        return;
    if (column > before && column <= length)
        *from = column - before;
    if (*from + EXCERPT_MAX < length)
        *to = *from + EXCERPT_MAX;
    while (*from > 0 && ((unsigned char)line[*from] & 0xc0) == 0x80)
        --*from;
    while (*to < length && ((unsigned char)line[*to] & 0xc0) == 0x80)
        --*to;
}

static void put_excerpt(struct buffer *out, const struct diag *diag, const struct diag_location *at)
{
    const char *blue = diag->color ? "\033[1;34m" : "";
    const char *red = diag->color ? "\033[1;31m" : "";
    const char *reset = diag->color ? "\033[0m" : "";
    char *line = source_line(at->file, at->line);
    if (!line)
        return;
    char number[16];
    int width = snprintf(number, sizeof(number), "%u", at->line);
    size_t length = strlen(line), from, to;
    choose_part(line, length, at->column, &from, &to);
    const char *cut_before = from > 0 ? "..." : "", *cut_after = to < length ? "..." : "";
    buffer_format(out, "%s%*s |%s\n", blue, width, "", reset);
    buffer_format(out, "%s%s |%s %s%.*s%s\n", blue, number, reset, cut_before, (int)(to - from),
                  line + from, cut_after);
    if (at->column >= 1 && at->column <= length + 1 && at->column > from && at->column <= to + 1) {
        buffer_format(out, "%s%*s |%s %*s", blue, width, "", reset, (int)strlen(cut_before), "");
        for (size_t i = from; i + 1 < at->column; i++)
            buffer_char(out, line[i] == '\t' ? '\t' : ' ');
        unsigned end = at->end_column > at->column ? at->end_column : at->column + 1;
        buffer_string(out, red);
        for (unsigned i = at->column; i < end && (i == at->column || i <= to); i++)
            buffer_char(out, '^');
        buffer_format(out, "%s\n", reset);
    }
    free(line);
}

static void put_indented(struct buffer *out, const char *lead, const char *text)
{
    buffer_string(out, lead);
    size_t indent = strlen(lead);
    for (const char *c = text; *c; c++) {
        buffer_char(out, *c);
        if (*c == '\n')
            buffer_format(out, "%*s", (int)indent, "");
    }
    buffer_char(out, '\n');
}

static void put_human(const struct diag *diag, const struct diag_message *message, const char *what)
{
    static const char *const colors[] = {"\033[1;31m", "\033[1;33m", "\033[1;32m"};
    const struct diag_location *at = &message->at;
    struct buffer out = {0};

    buffer_format(&out, "%s%s[REX%04u]%s: %s\n", diag->color ? colors[message->severity] : "",
                  severity_names[message->severity], (unsigned)message->code,
                  diag->color ? "\033[0m" : "", what);
    if (at->file) {
        buffer_format(&out, "  --> %s", at->file);
        if (at->line)
            buffer_format(&out, ":%u", at->line);
        if (at->line && at->column)
            buffer_format(&out, ":%u", at->column);
        buffer_char(&out, '\n');
    }
    if (at->symbol || at->has_address) {
        char *name = at->symbol ? demangle(at->symbol) : NULL;
        buffer_string(&out, "  in ");
        if (at->symbol)
            buffer_string(&out, name ? name : at->symbol);
        if (at->has_address)
            buffer_format(&out, "%s0x%llx", at->symbol ? " at " : "",
                          (unsigned long long)at->address);
        buffer_char(&out, '\n');
        free(name);
    }
    if (at->file && at->line)
        put_excerpt(&out, diag, at);
    for (const char *const *note = message->notes; note && *note; note++)
        put_indented(&out, "  ", *note);
    if (message->why)
        put_indented(&out, "  = why: ", message->why);
    if (message->help)
        put_indented(&out, "  = help: ", message->help);
    if (out.data)
        fwrite(out.data, 1, out.length, diag->stream);
    buffer_free(&out);
}

/* Text from outside need not be UTF-8, and JSON strings must be. */
static json_t *json_text(const char *text)
{
    json_t *value = json_string(text);
    if (value)
        return value;
    char *copy = must_copy(text);
    for (char *c = copy; *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
    value = json_string(copy);
    free(copy);
    return value;
}

static void put_json_line(const struct diag *diag, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
    if (text)
        fprintf(diag->stream, "%s\n", text);
    free(text);
    json_decref(line);
}

static void put_json(const struct diag *diag, const struct diag_message *message, const char *what)
{
    const struct diag_location *at = &message->at;
    char code[16];
    snprintf(code, sizeof(code), "REX%04u", (unsigned)message->code);
    json_t *line =
        json_pack("{s:i,s:s,s:s,s:s,s:o}", "format", 1, "kind", "diagnostic", "severity",
                  severity_names[message->severity], "code", code, "message", json_text(what));
    if (at->file)
        json_object_set_new(line, "file", json_text(at->file));
    if (at->line)
        json_object_set_new(line, "line", json_integer(at->line));
    if (at->column)
        json_object_set_new(line, "column", json_integer(at->column));
    if (at->end_column)
        json_object_set_new(line, "end_column", json_integer(at->end_column));
    if (at->symbol) {
        char *name = demangle(at->symbol);
        json_object_set_new(line, "symbol", json_text(at->symbol));
        if (name)
            json_object_set_new(line, "function", json_text(name));
        free(name);
    }
    if (at->has_address)
        json_object_set_new(line, "address", json_integer((json_int_t)at->address));
    if (message->why)
        json_object_set_new(line, "why", json_text(message->why));
    if (message->help)
        json_object_set_new(line, "help", json_text(message->help));
    if (message->notes) {
        json_t *notes = json_array();
        for (const char *const *note = message->notes; *note; note++)
            json_array_append_new(notes, json_text(*note));
        json_object_set_new(line, "notes", notes);
    }
    put_json_line(diag, line);
}

__attribute__((format(printf, 3, 0))) static void
report(struct diag *diag, const struct diag_message *message, const char *format, va_list arguments)
{
    if (!diag)
        return;
    diag->counts[message->severity]++;
    if (message->severity == DIAG_ERROR) {
        const struct code_entry *entry = find_code((unsigned)message->code);
        int status = entry ? entry->exit_status : 1;
        if (status > diag->exit_status)
            diag->exit_status = status;
    } else if (diag->quiet) {
        return;
    }
    struct buffer what = {0};
    buffer_vformat(&what, format, arguments);
    const char *text = what.data ? what.data : diag_code_title((unsigned)message->code);
    if (diag->format == DIAG_JSON)
        put_json(diag, message, text ? text : "");
    else
        put_human(diag, message, text ? text : "");
    fflush(diag->stream);
    buffer_free(&what);
}

void diag_report(struct diag *diag, const struct diag_message *message, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    report(diag, message, format, arguments);
    va_end(arguments);
}

int diag_error(struct diag *diag, enum diag_code code, const char *help, const char *format, ...)
{
    struct diag_message message = {.code = code, .help = help};
    va_list arguments;
    va_start(arguments, format);
    report(diag, &message, format, arguments);
    va_end(arguments);
    return -1;
}

void diag_forward(struct diag *diag, const char *tool, const char *text, size_t length)
{
    if (length == 0 || !diag)
        return;
    if (diag->format == DIAG_JSON) {
        char *copy = must_copy_length(text, length);
        put_json_line(diag, json_pack("{s:i,s:s,s:s,s:o}", "format", 1, "kind", "output", "tool",
                                      tool, "text", json_text(copy)));
        free(copy);
    } else {
        fwrite(text, 1, length, diag->stream);
        if (text[length - 1] != '\n')
            fputc('\n', diag->stream);
    }
    fflush(diag->stream);
}
