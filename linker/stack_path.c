/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_path.h"

#include "base/buffer.h"
#include "base/demangle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_FRAMES 24u /* shown of a path that is longer than HEAD_FRAMES + TAIL_FRAMES */
#define TAIL_FRAMES 16u
#define SOURCE_FRAMES 32u

char *stack_function_name(const struct code *code, uint32_t function)
{
    static const char body[] = ".rex_body"; /* llvm-pass/README.md: the function behind a check */
    const struct code_function *known = &code->functions[function];
    size_t length = strlen(known->name);

    if (known->import)
        return strdup(known->import);
    char *name = demangle(known->name);
    if (!name || length < sizeof(body) || strcmp(known->name + length - strlen(body), body) != 0 ||
        strncmp(known->name, "_R", 2) != 0)
        return name;
    struct buffer text = {0};
    buffer_format(&text, "%s (checked)", name);
    free(name);
    return buffer_take(&text);
}

bool stack_frame_source(const struct debug_info *info, const struct code *code,
                        const struct stack_frame *frame, struct source_frame *source)
{
    struct source_frame frames[SOURCE_FRAMES];

    if (frame->instruction == CODE_NONE)
        return debug_info_declaration(info, code->functions[frame->function].address, source) &&
               source->file && source->line;
    size_t count = debug_info_frames(info, code->instructions[frame->instruction].address, frames,
                                     SOURCE_FRAMES);
    if (count == 0)
        return false;
    *source = frames[count <= SOURCE_FRAMES ? count - 1 : SOURCE_FRAMES - 1];
    return source->file && source->line;
}

void stack_shorten(struct buffer *out, const char *name, size_t width)
{
    size_t length = strlen(name);
    if (length <= width || width < 8) {
        buffer_string(out, name);
        return;
    }
    size_t head = (width - 3) * 3 / 4; /* a long name differs from its kin near its beginning */
    size_t tail = width - 3 - head;
    /* UTF-8: do not cut a character in two. */
    while (head > 0 && ((unsigned char)name[head] & 0xc0) == 0x80)
        head--;
    while (tail > 0 && ((unsigned char)name[length - tail] & 0xc0) == 0x80)
        tail--;
    buffer_append(out, name, head);
    buffer_string(out, "...");
    buffer_append(out, name + length - tail, tail);
}

/* The last two components of a path tell more than its beginning. */
static const char *short_file(const char *file)
{
    const char *slash = strrchr(file, '/');
    while (slash && slash > file && slash[-1] != '/')
        slash--;
    return slash && strlen(file) > 40 ? slash : file;
}

static void frame_line(struct buffer *out, const struct stack_result *result,
                       const struct debug_info *info, const struct stack_frame *frame)
{
    const struct code *code = result->graph->code;
    struct source_frame source;
    char *name = stack_function_name(code, frame->function);
    struct buffer where = {0};

    if (code->functions[frame->function].kind == CODE_IMPORT_THUNK)
        buffer_string(&where, " (import: its stack is in the reserve)");
    else if (stack_frame_source(info, code, frame, &source))
        buffer_format(&where, " (%s:%u)", short_file(source.file), source.line);
    if (frame->tail)
        buffer_string(&where, ", jumps");
    if (!name || where.failed)
        out->failed = true;
    buffer_format(out, "%+8" PRId64 "  ", (int64_t)frame->bytes);
    size_t used = 10 + 4 + where.length; /* 4: what the reader of the lines may indent by */
    stack_shorten(out, name ? name : "", used + 20 < STACK_COLUMNS ? STACK_COLUMNS - used : 20);
    if (where.data)
        buffer_string(out, where.data);
    buffer_free(&where);
    free(name);
}

/* Calls put for each line; put takes the line from the buffer and empties it. */
static void each_line(const struct stack_result *result, const struct stack_root *root,
                      const struct debug_info *info, void (*put)(struct buffer *line, void *data),
                      void *data)
{
    struct buffer line = {0};
    size_t length = root->path_length;
    bool shorten = length > HEAD_FRAMES + TAIL_FRAMES + 1;
    uint64_t left_out = 0;

    for (size_t i = 0; i < length; i++) {
        const struct stack_frame *frame = &root->path[i];
        if (shorten && i >= HEAD_FRAMES && i < length - TAIL_FRAMES) {
            left_out += frame->bytes;
            if (i + 1 < length - TAIL_FRAMES)
                continue;
            buffer_format(&line, "%+8" PRId64 "  ... %zu more frames", (int64_t)left_out,
                          length - HEAD_FRAMES - TAIL_FRAMES);
        } else {
            frame_line(&line, result, info, frame);
        }
        put(&line, data);
    }
    buffer_format(&line, "%8" PRIu32 "  bytes%s", root->bound,
                  root->checked ? " to the first stack check" : " in all");
    put(&line, data);
    buffer_free(&line);
}

static int add_line(struct stack_notes *notes, char *line)
{
    if (notes->count + 1 >= notes->capacity) {
        size_t larger = notes->capacity ? notes->capacity * 2 : 32;
        char **grown = line ? reallocarray(notes->lines, larger, sizeof(*grown)) : NULL;
        if (!grown) {
            free(line);
            return -1;
        }
        notes->lines = grown;
        notes->capacity = larger;
    }
    if (!line)
        return -1;
    notes->lines[notes->count++] = line;
    notes->lines[notes->count] = NULL;
    return 0;
}

struct note_sink {
    struct stack_notes *notes;
    int failed;
};

static void put_note(struct buffer *line, void *data)
{
    struct note_sink *sink = data;
    sink->failed |= add_line(sink->notes, buffer_take(line));
}

int stack_notes_path(struct diag *diag, struct stack_notes *notes,
                     const struct stack_result *result, const struct stack_root *root)
{
    struct note_sink sink = {.notes = notes};
    struct debug_info *info = NULL;

    if (debug_info_open(diag, root->name, result->graph->code->object, &info))
        return -1;
    each_line(result, root, info, put_note, &sink);
    debug_info_close(info);
    return sink.failed;
}

int stack_notes_circle(struct stack_notes *notes, const struct code *code, const uint32_t *circle,
                       size_t length)
{
    for (size_t i = 0; i <= length && length; i++) {
        struct buffer line = {0};
        char *name = stack_function_name(code, circle[i % length]);
        if (i == HEAD_FRAMES && length > HEAD_FRAMES + TAIL_FRAMES) {
            buffer_format(&line, "... %zu more functions", length - i);
            i = length - 1;
        } else {
            buffer_string(&line, i == 0 ? "" : "calls ");
            stack_shorten(&line, name ? name : "", STACK_COLUMNS - 12);
        }
        free(name);
        if (!name || add_line(notes, buffer_take(&line)))
            return -1;
    }
    return 0;
}

void stack_notes_free(struct stack_notes *notes)
{
    for (size_t i = 0; i < notes->count; i++)
        free(notes->lines[i]);
    free(notes->lines);
    memset(notes, 0, sizeof(*notes));
}

static void put_text(struct buffer *line, void *data)
{
    struct buffer *out = data;
    if (line->failed)
        out->failed = true;
    buffer_format(out, "  %s\n", line->data ? line->data : "");
    buffer_clear(line);
}

void stack_path_text(struct buffer *out, const struct stack_result *result,
                     const struct stack_root *root, const struct debug_info *info)
{
    each_line(result, root, info, put_text, out);
}
