/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_report.h"

#include "base/buffer.h"
#include "base/demangle.h"
#include "base/diag.h"
#include "linker/imports.h"
#include "linker/stack_path.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct report {
    const struct stack_result *result;
    const struct code *code;
    struct debug_info *info;
    struct buffer *out;
};

static int open_report(struct diag *diag, const struct stack_result *result, struct buffer *out,
                       struct report *report)
{
    *report = (struct report){.result = result, .code = result->graph->code, .out = out};
    return debug_info_open(diag, "the object", result->graph->code->object, &report->info);
}

static int close_report(struct diag *diag, struct report *report)
{
    debug_info_close(report->info);
    if (!report->out->failed)
        return 0;
    return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                      "out of memory while writing the stack report");
}

/* The names of checks and set members, shortened to a column. */
static void put_function(struct report *report, uint32_t function, size_t width)
{
    char *name = stack_function_name(report->code, function);
    if (name)
        stack_shorten(report->out, name, width);
    else
        report->out->failed = true;
    free(name);
}

/* A check that the root can reach is on the root's component graph; which root uses which check is
 * not kept, so the checks are told once for the object. */
static void text_checks(struct report *report)
{
    const struct stack_result *result = report->result;
    struct buffer *out = report->out;
    if (result->check_count == 0) {
        buffer_string(out, "\nno recursion, no stack checks\n");
        return;
    }
    buffer_format(out, "\nstack checks: %zu\n", result->check_count);
    for (size_t i = 0; i < result->check_count; i++) {
        const struct stack_check *check = &result->checks[i];
        buffer_format(out, "%8" PRIu32 "  ", check->need);
        put_function(report, check->function, STACK_COLUMNS - 12);
        buffer_string(out, check->planned ? " (to be added)\n" : "\n");
        for (size_t j = 1; j <= check->circle_length; j++) {
            if (j > 8 && j < check->circle_length)
                continue;
            buffer_string(out, "            calls ");
            put_function(report, check->circle[j % check->circle_length], STACK_COLUMNS - 20);
            buffer_char(out, '\n');
        }
    }
}

static void text_sets(struct report *report)
{
    const struct callgraph *graph = report->result->graph;
    struct buffer *out = report->out;
    bool heading = false;
    for (uint32_t i = 0; i < graph->sets.set_count; i++) {
        const struct callee_set *set = &graph->sets.sets[i];
        if (!graph->reachable[graph->code->function_count + i])
            continue;
        if (!heading)
            buffer_string(out, "\nindirect calls, by the type that they check\n");
        heading = true;
        buffer_format(out, "  %08" PRIx32 "  %s\n", set->id,
                      set->count ? "may call"
                                 : "calls nothing: no such function's address is taken");
        for (uint32_t j = 0; j < set->count; j++) {
            uint32_t member = graph->sets.members[set->first + j];
            bool relocated = graph->taken[member] == CALLGRAPH_TAKEN_BY_RELOCATION;
            buffer_string(out, "            ");
            put_function(report, member, STACK_COLUMNS - 12 - 24);
            buffer_string(out, relocated ? " (in a table)\n" : " (address taken)\n");
        }
    }
}

static void text_root(struct report *report, const struct stack_root *root, const char *title)
{
    struct buffer *out = report->out;
    buffer_format(out, "%s: ", title);
    if (root->checked)
        buffer_format(
            out, "bounded by stack checks at %" PRIu32 " bytes; %" PRIu32 " to the first of them\n",
            root->limit, root->bound);
    else
        buffer_format(out, "%" PRIu32 " of %" PRIu32 " bytes, %" PRIu32 " to spare\n", root->bound,
                      root->limit, root->limit > root->bound ? root->limit - root->bound : 0);
    stack_path_text(out, report->result, root, report->info);
}

int stack_report_text(struct diag *diag, const struct stack_result *result, struct buffer *out)
{
    struct report report;
    if (open_report(diag, result, out, &report))
        return -1;
    for (size_t i = 0; i < result->program_count; i++) {
        const struct stack_root *root = &result->programs[i];
        struct buffer title = {0};
        buffer_format(&title, "%s%s (%s)", i ? "\n" : "", root->name,
                      program_type_name((unsigned)root->type));
        text_root(&report, root, title.data ? title.data : "");
        buffer_free(&title);
    }
    text_root(&report, &result->panic, "\npanic message, on a stack of its own");
    text_checks(&report);
    text_sets(&report);
    return close_report(diag, &report);
}

static json_t *json_function(struct report *report, uint32_t function)
{
    char *name = stack_function_name(report->code, function);
    json_t *text = name ? json_string(name) : NULL;
    free(name);
    return text;
}

static json_t *json_path(struct report *report, const struct stack_root *root)
{
    json_t *path = json_array();
    for (size_t i = 0; i < root->path_length; i++) {
        const struct stack_frame *frame = &root->path[i];
        struct source_frame source;
        json_t *entry = json_object();
        json_object_set_new(entry, "function", json_function(report, frame->function));
        json_object_set_new(entry, "bytes", json_integer(frame->bytes));
        if (stack_frame_source(report->info, report->code, frame, &source)) {
            json_object_set_new(entry, "file", json_string(source.file));
            json_object_set_new(entry, "line", json_integer(source.line));
        }
        json_object_set_new(entry, "call",
                            json_string(frame->instruction == CODE_NONE ? "end"
                                        : frame->tail                   ? "jump"
                                                                        : "call"));
        json_array_append_new(path, entry);
    }
    return path;
}

static json_t *json_checks(struct report *report)
{
    json_t *checks = json_array();
    for (size_t i = 0; i < report->result->check_count; i++) {
        const struct stack_check *check = &report->result->checks[i];
        json_t *entry = json_object();
        json_t *cycle = json_array();
        for (size_t j = 0; j < check->circle_length; j++)
            json_array_append_new(cycle, json_function(report, check->circle[j]));
        json_object_set_new(entry, "function", json_function(report, check->function));
        json_object_set_new(entry, "cycle", cycle);
        json_object_set_new(entry, "need", json_integer(check->need));
        json_array_append_new(checks, entry);
    }
    return checks;
}

static json_t *json_root(struct report *report, const struct stack_root *root)
{
    json_t *entry = json_object();
    json_object_set_new(entry, "name", json_string(root->name));
    if (root->type >= 0)
        json_object_set_new(entry, "type", json_string(program_type_name((unsigned)root->type)));
    json_object_set_new(entry, "bound", root->checked ? json_null() : json_integer(root->bound));
    if (root->checked)
        json_object_set_new(entry, "first_check", json_integer(root->bound));
    json_object_set_new(entry, "limit", json_integer(root->limit));
    json_object_set_new(entry, "checked", json_boolean(root->checked));
    json_object_set_new(entry, "panic_bound",
                        report->result->panic.checked ? json_null()
                                                      : json_integer(report->result->panic.bound));
    json_object_set_new(entry, "path", json_path(report, root));
    json_object_set_new(entry, "checks", root->checked ? json_checks(report) : json_array());
    return entry;
}

static json_t *json_sets(struct report *report)
{
    const struct callgraph *graph = report->result->graph;
    json_t *sets = json_array();
    for (uint32_t i = 0; i < graph->sets.set_count; i++) {
        const struct callee_set *set = &graph->sets.sets[i];
        if (!graph->reachable[graph->code->function_count + i])
            continue;
        json_t *entry = json_object();
        json_t *members = json_array();
        char id[16];
        snprintf(id, sizeof(id), "%08" PRIx32, set->id);
        for (uint32_t j = 0; j < set->count; j++) {
            uint32_t function = graph->sets.members[set->first + j];
            bool relocated = graph->taken[function] == CALLGRAPH_TAKEN_BY_RELOCATION;
            json_t *member = json_object();
            json_object_set_new(member, "function", json_function(report, function));
            json_object_set_new(member, "taken", json_string(relocated ? "table" : "code"));
            json_array_append_new(members, member);
        }
        json_object_set_new(entry, "id", json_string(id));
        json_object_set_new(entry, "members", members);
        json_array_append_new(sets, entry);
    }
    return sets;
}

int stack_report_json(struct diag *diag, const struct stack_result *result, struct buffer *out)
{
    struct report report;
    if (open_report(diag, result, out, &report))
        return -1;
    json_t *root = json_object();
    json_t *programs = json_array();
    for (size_t i = 0; i < result->program_count; i++)
        json_array_append_new(programs, json_root(&report, &result->programs[i]));
    json_object_set_new(root, "format", json_integer(1));
    json_object_set_new(root, "programs", programs);
    json_object_set_new(root, "panic", json_root(&report, &result->panic));
    json_object_set_new(root, "indirect", json_sets(&report));
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text)
        out->failed = true;
    else
        buffer_format(out, "%s\n", text);
    free(text);
    json_decref(root);
    return close_report(diag, &report);
}

static const struct stack_root *find_program(const struct stack_result *result, const char *name)
{
    for (size_t i = 0; i < result->program_count; i++)
        if (strcmp(result->programs[i].name, name) == 0)
            return &result->programs[i];
    return NULL;
}

/* The frame of a function of that name on a path; NULL when the path does not have it. */
static const struct stack_frame *find_frame(const struct stack_result *result,
                                            const struct stack_root *root, const char *name)
{
    for (size_t i = 0; i < root->path_length; i++) {
        const struct stack_frame *frame = &root->path[i];
        const char *known = result->graph->code->functions[frame->function].name;
        if (strcmp(known, name) == 0)
            return frame;
    }
    return NULL;
}

static void diff_frames(struct report *from, const struct stack_root *old_root, struct report *to,
                        const struct stack_root *new_root)
{
    struct buffer *out = to->out;
    for (size_t i = 0; i < new_root->path_length; i++) {
        const struct stack_frame *frame = &new_root->path[i];
        const struct stack_frame *before =
            find_frame(from->result, old_root, to->code->functions[frame->function].name);
        int64_t change = (int64_t)frame->bytes - (before ? (int64_t)before->bytes : 0);
        if (before && change == 0)
            continue;
        buffer_format(out, "  %+8" PRId64 "  ", change);
        put_function(to, frame->function, STACK_COLUMNS - 24);
        buffer_string(out, before ? "\n" : " (new)\n");
    }
    for (size_t i = 0; i < old_root->path_length; i++) {
        const struct stack_frame *frame = &old_root->path[i];
        if (find_frame(to->result, new_root, from->code->functions[frame->function].name))
            continue;
        buffer_format(out, "  %+8" PRId64 "  ", -(int64_t)frame->bytes);
        put_function(from, frame->function, STACK_COLUMNS - 24);
        buffer_string(out, " (gone)\n");
    }
}

static void diff_root(struct report *from, const struct stack_root *old_root, struct report *to,
                      const struct stack_root *new_root)
{
    struct buffer *out = to->out;
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
    diff_frames(from, old_root, to, new_root);
}

int stack_report_diff(struct diag *diag, const struct stack_result *old_result,
                      const struct stack_result *new_result, struct buffer *out)
{
    struct report from = {.result = old_result, .code = old_result->graph->code, .out = out};
    struct report to = {.result = new_result, .code = new_result->graph->code, .out = out};

    for (size_t i = 0; i < new_result->program_count; i++) {
        const struct stack_root *root = &new_result->programs[i];
        diff_root(&from, find_program(old_result, root->name), &to, root);
    }
    for (size_t i = 0; i < old_result->program_count; i++)
        if (!find_program(new_result, old_result->programs[i].name))
            buffer_format(out, "%s: gone\n", old_result->programs[i].name);
    diff_root(&from, &old_result->panic, &to, &new_result->panic);
    return close_report(diag, &to);
}
