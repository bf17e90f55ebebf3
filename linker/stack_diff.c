/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_diff.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "linker/stack_path.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct side {
    const struct stack_result *result;
    const struct code *code;
    struct debug_info *info;
};

/* A function of one of the two deepest paths, or of both. */
struct change {
    const char *symbol;
    const struct stack_frame *old_frame, *new_frame; /* the first ones; NULL: that path has none */
    uint64_t old_bytes, new_bytes;                   /* of all its frames */
    size_t order; /* along the new path, then along the old one */
};

struct changes {
    struct change *all; /* those that change anything */
    size_t count;
};

static int compare_symbols(const void *a, const void *b)
{
    const struct change *left = a, *right = b;
    int order = strcmp(left->symbol, right->symbol);
    return order ? order : (left->order > right->order) - (left->order < right->order);
}

static int compare_orders(const void *a, const void *b)
{
    const struct change *left = a, *right = b;
    return (left->order > right->order) - (left->order < right->order);
}

/* Frames of one function become one change; what stays as it was goes. */
static size_t merge(struct change *all, size_t count)
{
    size_t kept = 0;

    qsort(all, count, sizeof(*all), compare_symbols);
    for (size_t i = 0, next; i < count; i = next) {
        struct change sum = all[i];
        for (next = i + 1; next < count && strcmp(all[next].symbol, sum.symbol) == 0; next++) {
            sum.old_bytes += all[next].old_bytes;
            sum.new_bytes += all[next].new_bytes;
            if (!sum.old_frame)
                sum.old_frame = all[next].old_frame;
        }
        if (sum.old_bytes != sum.new_bytes || !sum.old_frame || !sum.new_frame)
            all[kept++] = sum;
    }
    qsort(all, kept, sizeof(*all), compare_orders);
    return kept;
}

/* Returns -1 when memory ran out. */
static int find_changes(const struct side *old_side, const struct stack_root *old_root,
                        const struct side *new_side, const struct stack_root *new_root,
                        struct changes *changes)
{
    size_t count = 0;

    *changes = (struct changes){0};
    changes->all = calloc(old_root->path_length + new_root->path_length + 1, sizeof(*changes->all));
    if (!changes->all)
        return -1;
    for (size_t i = 0; i < new_root->path_length; i++) {
        const struct stack_frame *frame = &new_root->path[i];
        changes->all[count] =
            (struct change){.symbol = new_side->code->functions[frame->function].name,
                            .new_frame = frame,
                            .new_bytes = frame->bytes,
                            .order = count};
        count++;
    }
    for (size_t i = 0; i < old_root->path_length; i++) {
        const struct stack_frame *frame = &old_root->path[i];
        changes->all[count] =
            (struct change){.symbol = old_side->code->functions[frame->function].name,
                            .old_frame = frame,
                            .old_bytes = frame->bytes,
                            .order = count};
        count++;
    }
    changes->count = merge(changes->all, count);
    return 0;
}

static const struct stack_root *find_program(const struct stack_result *result, const char *name)
{
    for (size_t i = 0; i < result->program_count; i++)
        if (strcmp(result->programs[i].name, name) == 0)
            return &result->programs[i];
    return NULL;
}

static int open_sides(struct diag *diag, const struct stack_result *old_result,
                      const struct stack_result *new_result, struct side sides[2])
{
    sides[0] = (struct side){.result = old_result, .code = old_result->graph->code};
    sides[1] = (struct side){.result = new_result, .code = new_result->graph->code};
    if (debug_info_open(diag, "the old object", sides[0].code->object, &sides[0].info))
        return -1;
    if (debug_info_open(diag, "the new object", sides[1].code->object, &sides[1].info)) {
        debug_info_close(sides[0].info);
        return -1;
    }
    return 0;
}

static int close_sides(struct diag *diag, struct side sides[2], const struct buffer *out)
{
    debug_info_close(sides[0].info);
    debug_info_close(sides[1].info);
    return out->failed ? diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                                    "out of memory while writing the stack report")
                       : 0;
}

/* The side that shows a changed frame: the new one if it has it. */
static const struct stack_frame *shown_frame(const struct side sides[2],
                                             const struct change *change, const struct side **side)
{
    *side = change->new_frame ? &sides[1] : &sides[0];
    return change->new_frame ? change->new_frame : change->old_frame;
}

static void text_change(struct buffer *out, const struct side sides[2], const struct change *change)
{
    const struct side *side;
    const struct stack_frame *frame = shown_frame(sides, change, &side);
    char *name = stack_function_name(side->code, frame->function);
    struct source_frame source;
    struct buffer where = {0};

    if (stack_frame_source(side->info, side->code, frame, &source)) {
        buffer_string(&where, " (");
        stack_shorten(&where, source.file, 40);
        buffer_format(&where, ":%u)", source.line);
    }
    buffer_format(out, "  %+8" PRId64 "  ",
                  (int64_t)change->new_bytes - (int64_t)change->old_bytes);
    stack_shorten(out, name ? name : "", STACK_COLUMNS - 20 - where.length);
    if (where.data)
        buffer_string(out, where.data);
    buffer_string(out, !change->new_frame ? ", gone\n" : !change->old_frame ? ", new\n" : "\n");
    out->failed |= where.failed || !name;
    buffer_free(&where);
    free(name);
}

static void text_root(struct buffer *out, const struct side sides[2],
                      const struct stack_root *old_root, const struct stack_root *new_root)
{
    struct changes changes;

    if (!old_root) {
        buffer_format(out, "%s: new, %" PRIu32 " bytes\n", new_root->name, new_root->bound);
        return;
    }
    buffer_format(out, "%s: %" PRIu32 " -> %" PRIu32 " bytes (%+" PRId64 ")%s\n", new_root->name,
                  old_root->bound, new_root->bound,
                  (int64_t)new_root->bound - (int64_t)old_root->bound,
                  old_root->checked == new_root->checked ? ""
                  : new_root->checked                    ? ", now with stack checks"
                                                         : ", without stack checks now");
    if (find_changes(&sides[0], old_root, &sides[1], new_root, &changes))
        out->failed = true;
    for (size_t i = 0; i < changes.count; i++)
        text_change(out, sides, &changes.all[i]);
    free(changes.all);
}

int stack_diff_text(struct diag *diag, const struct stack_result *old_result,
                    const struct stack_result *new_result, struct buffer *out)
{
    struct side sides[2];

    if (open_sides(diag, old_result, new_result, sides))
        return -1;
    for (size_t i = 0; i < new_result->program_count; i++) {
        const struct stack_root *root = &new_result->programs[i];
        text_root(out, sides, find_program(old_result, root->name), root);
    }
    for (size_t i = 0; i < old_result->program_count; i++)
        if (!find_program(new_result, old_result->programs[i].name))
            buffer_format(out, "%s: gone\n", old_result->programs[i].name);
    text_root(out, sides, &old_result->panic, &new_result->panic);
    return close_sides(diag, sides, out);
}

static json_t *json_change(const struct side sides[2], const struct change *change)
{
    const struct side *side;
    const struct stack_frame *frame = shown_frame(sides, change, &side);
    char *name = stack_function_name(side->code, frame->function);
    struct source_frame source;
    json_t *entry = json_object();

    json_object_set_new(entry, "function", name ? json_string(name) : json_null());
    json_object_set_new(entry, "old",
                        change->old_frame ? json_integer((json_int_t)change->old_bytes)
                                          : json_null());
    json_object_set_new(entry, "new",
                        change->new_frame ? json_integer((json_int_t)change->new_bytes)
                                          : json_null());
    json_object_set_new(
        entry, "change",
        json_integer((json_int_t)change->new_bytes - (json_int_t)change->old_bytes));
    if (stack_frame_source(side->info, side->code, frame, &source)) {
        json_object_set_new(entry, "file", json_string(source.file));
        json_object_set_new(entry, "line", json_integer(source.line));
    }
    free(name);
    return entry;
}

static json_t *json_bound(const struct stack_root *root)
{
    if (!root)
        return json_null();
    json_t *bound = json_object();
    json_object_set_new(bound, "bound", root->checked ? json_null() : json_integer(root->bound));
    if (root->checked)
        json_object_set_new(bound, "first_check", json_integer(root->bound));
    json_object_set_new(bound, "checked", json_boolean(root->checked));
    return bound;
}

/* Of the roots, one may be NULL. Returns -1 when memory ran out. */
static int json_root(json_t *entry, const struct side sides[2], const struct stack_root *old_root,
                     const struct stack_root *new_root)
{
    struct changes changes = {0};
    json_t *frames = json_array();
    int result = 0;

    if (old_root && new_root)
        result = find_changes(&sides[0], old_root, &sides[1], new_root, &changes);
    for (size_t i = 0; i < changes.count; i++)
        json_array_append_new(frames, json_change(sides, &changes.all[i]));
    /* cppcheck-suppress nullPointerRedundantCheck ; not both are NULL */
    json_object_set_new(entry, "name", json_string(new_root ? new_root->name : old_root->name));
    json_object_set_new(entry, "old", json_bound(old_root));
    json_object_set_new(entry, "new", json_bound(new_root));
    json_object_set_new(entry, "change",
                        old_root && new_root ? json_integer((json_int_t)new_root->bound -
                                                            (json_int_t)old_root->bound)
                                             : json_null());
    json_object_set_new(entry, "frames", frames);
    free(changes.all);
    return result;
}

int stack_diff_json(struct diag *diag, const struct stack_result *old_result,
                    const struct stack_result *new_result, struct buffer *out)
{
    struct side sides[2];
    int failed = 0;

    if (open_sides(diag, old_result, new_result, sides))
        return -1;
    json_t *root = json_object(), *programs = json_array(), *panic = json_object();
    for (size_t i = 0; i < new_result->program_count; i++) {
        const struct stack_root *new_root = &new_result->programs[i];
        json_t *entry = json_object();
        failed |= json_root(entry, sides, find_program(old_result, new_root->name), new_root);
        json_array_append_new(programs, entry);
    }
    for (size_t i = 0; i < old_result->program_count; i++) {
        json_t *entry = json_object();
        if (find_program(new_result, old_result->programs[i].name)) {
            json_decref(entry);
            continue;
        }
        failed |= json_root(entry, sides, &old_result->programs[i], NULL);
        json_array_append_new(programs, entry);
    }
    failed |= json_root(panic, sides, &old_result->panic, &new_result->panic);
    json_object_set_new(root, "format", json_integer(1));
    json_object_set_new(root, "programs", programs);
    json_object_set_new(root, "panic", panic);
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text || failed)
        out->failed = true;
    else
        buffer_format(out, "%s\n", text);
    free(text);
    json_decref(root);
    return close_sides(diag, sides, out);
}
