/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_path.h"

#include "base/buffer.h"
#include "base/demangle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_FRAMES 24u /* shown of a path that is longer than HEAD_FRAMES + TAIL_FRAMES */
#define TAIL_FRAMES 16u
#define SOURCE_FRAMES 64u
#define INLINED_MAX 6u /* listed under one frame */
#define FILE_COLUMNS 44u
#define VARIABLES_SHOWN 4u

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

/* Where the compiler is told to say that core and the rex crate are (--remap-path-prefix). */
static bool is_authors(const struct source_frame *source)
{
    return strncmp(source->file, "/rexc/", 6) != 0;
}

static bool is_cores(const struct source_frame *source)
{
    return strncmp(source->file, "/rexc/rust/", 11) == 0;
}

static bool is_known(const struct source_frame *source)
{
    return source->file && source->line;
}

size_t stack_frame_sources(const struct debug_info *info, const struct code *code,
                           const struct stack_frame *frame, struct source_frame *sources,
                           size_t capacity)
{
    if (frame->instruction == CODE_NONE)
        return debug_info_declarations(info, code->functions[frame->function].address, sources,
                                       capacity < 1 ? capacity : 1);
    size_t count =
        debug_info_frames(info, code->instructions[frame->instruction].address, sources, capacity);
    count = count < capacity ? count : capacity;
    for (size_t i = 0, j = count; i + 1 < j; i++) { /* they come innermost first */
        struct source_frame swap = sources[i];
        sources[i] = sources[--j];
        sources[j] = swap;
    }
    return count;
}

bool stack_frame_source(const struct debug_info *info, const struct code *code,
                        const struct stack_frame *frame, struct source_frame *source)
{
    struct source_frame sources[SOURCE_FRAMES];
    size_t count = frame->instruction == CODE_NONE
                       ? debug_info_declarations(info, code->functions[frame->function].address,
                                                 sources, SOURCE_FRAMES)
                       : stack_frame_sources(info, code, frame, sources, SOURCE_FRAMES);

    for (size_t i = 0; i < count; i++) {
        if (is_known(&sources[i]) && is_authors(&sources[i])) {
            *source = sources[i];
            return true;
        }
    }
    if (count == 0 || !is_known(&sources[0]))
        return false;
    *source = sources[0];
    return true;
}

enum stack_part stack_frame_part(const struct stack_result *result, const struct stack_root *root,
                                 const struct stack_frame *frame)
{
    const struct code *code = result->graph->code;
    if (code->functions[frame->function].kind == CODE_IMPORT_THUNK)
        return STACK_PART_IMPORT;
    return frame->function != root->function && root->type >= 0 &&
                   !result->graph->returns.functions[frame->function]
               ? STACK_PART_PANIC
               : STACK_PART_PROGRAM;
}

const struct stack_frame *stack_largest_frame(const struct stack_root *root)
{
    const struct stack_frame *largest = NULL;
    for (size_t i = 0; i < root->path_length; i++)
        if (!largest || root->path[i].bytes > largest->bytes)
            largest = &root->path[i];
    return largest;
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

static void put_position(struct buffer *out, const char *file, unsigned line)
{
    buffer_string(out, " (");
    stack_shorten(out, file, FILE_COLUMNS);
    buffer_format(out, ":%u)", line);
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
        put_position(&where, source.file, source.line);
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

/* What is inlined into a frame, down to the call that the path takes. */
static void inlined_lines(struct buffer *line, const struct stack_result *result,
                          const struct debug_info *info, const struct stack_frame *frame,
                          void (*put)(struct buffer *line, void *data), void *data)
{
    struct source_frame sources[SOURCE_FRAMES];
    size_t count = stack_frame_sources(info, result->graph->code, frame, sources, SOURCE_FRAMES);
    size_t shown = 0;
    for (size_t i = 1; i < count; i++) { /* the first is the frame's own function */
        struct buffer where = {0};
        if (i + 1 < count && is_known(&sources[i]) && is_cores(&sources[i]))
            continue; /* how closures and operators are called tells nothing */
        if (++shown == INLINED_MAX && i + 2 < count) {
            buffer_string(line, "            inlined: ...");
            put(line, data);
            i = count - 1; /* the one that makes the call */
        }
        char *name = sources[i].function ? demangle(sources[i].function) : NULL;
        if (is_known(&sources[i]))
            put_position(&where, sources[i].file, sources[i].line);
        buffer_string(line, "            inlined: ");
        stack_shorten(line, name ? name : "(no name)", STACK_COLUMNS - 25 - where.length);
        if (where.data)
            buffer_string(line, where.data);
        line->failed |= where.failed;
        put(line, data);
        buffer_free(&where);
        free(name);
    }
}

/* What the author can do something about. */
static void variable_lines(struct buffer *line, const struct stack_result *result,
                           const struct stack_root *root, const struct debug_info *info,
                           void (*put)(struct buffer *line, void *data), void *data)
{
    const struct code *code = result->graph->code;
    const struct stack_frame *frame = stack_largest_frame(root);
    struct source_variable variables[VARIABLES_SHOWN];
    size_t count = frame ? debug_info_variables(info, code->functions[frame->function].address,
                                                variables, VARIABLES_SHOWN)
                         : 0;
    char *name;

    if (count == 0 || !(name = stack_function_name(code, frame->function)))
        return;
    buffer_string(line, "largest variables of ");
    stack_shorten(line, name, STACK_COLUMNS - 30);
    put(line, data);
    free(name);
    for (size_t i = 0; i < count; i++) {
        buffer_format(line, "%8" PRIu64 "  ", variables[i].size);
        stack_shorten(line, variables[i].name, 32);
        put_position(line, variables[i].file, variables[i].line);
        put(line, data);
    }
}

/* Calls put for each line; put takes the line from the buffer and empties it. */
static void each_line(const struct stack_result *result, const struct stack_root *root,
                      const struct debug_info *info, void (*put)(struct buffer *line, void *data),
                      void *data)
{
    struct buffer line = {0};
    size_t length = root->path_length;
    bool shorten = length > HEAD_FRAMES + TAIL_FRAMES + 1;
    uint64_t left_out = 0, panic = 0;

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
            put(&line, data);
            inlined_lines(&line, result, info, frame, put, data);
            if (stack_frame_part(result, root, frame) == STACK_PART_PANIC)
                panic += frame->bytes;
            continue;
        }
        put(&line, data);
    }
    buffer_format(&line, "%8" PRIu32 "  bytes%s", root->bound,
                  root->checked ? " to the first stack check" : " in all");
    if (panic)
        buffer_format(&line, ", %" PRIu64 " of them on the way to a panic or timeout", panic);
    put(&line, data);
    variable_lines(&line, result, root, info, put, data);
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

char *stack_advice(struct diag *diag, const struct stack_result *result,
                   const struct stack_root *root)
{
    const struct code *code = result->graph->code;
    const struct stack_frame *frame = stack_largest_frame(root);
    struct source_variable largest;
    struct debug_info *info = NULL;
    struct buffer text = {0};

    if (root->type < 0)
        return strdup("Give the types that panic messages print simpler Display or Debug "
                      "implementations.");
    if (debug_info_open(diag, root->name, code->object, &info))
        return NULL;
    if (frame &&
        debug_info_variables(info, code->functions[frame->function].address, &largest, 1) &&
        largest.size >= 128)
        buffer_format(&text, "Move '%s' (%" PRIu64 " bytes)", largest.name, largest.size);
    else
        buffer_string(&text, "Move the largest arrays");
    buffer_string(&text, " into a map (a per-CPU array of one element serves as scratch space), or "
                         "use smaller keys and values.");
    debug_info_close(info);
    return buffer_take(&text);
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
