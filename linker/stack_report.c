/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_report.h"

#include "base/buffer.h"
#include "base/demangle.h"
#include "base/diag.h"
#include "linker/imports.h"
#include "linker/stack_path.h"
#include "runtime/abi/rex_abi.h"

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

/* Why a function is in the set of its id: what has its address. */
static void put_reason(struct report *report, struct buffer *out, uint32_t function)
{
    const struct callgraph *graph = report->result->graph;
    const struct object *object = report->code->object;
    uint32_t by = graph->taker[function];

    if (graph->taken[function] == CALLGRAPH_TAKEN_BY_RELOCATION) {
        uint64_t place = object->relocations[by].offset;
        for (size_t i = 1; i < object->symbol_count; i++) {
            const struct object_symbol *symbol = &object->symbols[i];
            if (symbol->type != STT_OBJECT || place < symbol->value ||
                place - symbol->value >= symbol->size)
                continue;
            char *name = demangle(symbol->name);
            buffer_format(out, "in %s", name ? name : symbol->name);
            free(name);
            return;
        }
        buffer_format(out, "in the table at 0x%" PRIx64, place);
        return;
    }
    char *name = stack_function_name(report->code, report->code->instructions[by].function);
    buffer_format(out, "taken in %s", name ? name : "?");
    free(name);
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
            struct buffer reason = {0};
            buffer_string(out, "            ");
            size_t before = out->length;
            put_function(report, member, STACK_COLUMNS - 14);
            put_reason(report, &reason, member);
            /* cppcheck-suppress duplicateExpression ; put_function() has lengthened it */
            bool fits = out->length - before + reason.length + 15 <= STACK_COLUMNS;
            buffer_string(out, fits ? " (" : "\n              (");
            stack_shorten(out, reason.data ? reason.data : "", STACK_COLUMNS - 17);
            buffer_string(out, ")\n");
            out->failed |= reason.failed;
            buffer_free(&reason);
        }
    }
}

/* The import that may use most of the reserve. */
static const struct rex_import *deepest_helper(const struct report *report)
{
    const struct rex_import *deepest = NULL;
    for (uint32_t i = 0; i < report->code->function_count; i++) {
        const char *name = report->code->functions[i].import;
        const struct rex_import *import =
            name && report->result->graph->reachable[i] ? import_find(name) : NULL;
        if (import && (!deepest || import->stack > deepest->stack))
            deepest = import;
    }
    return deepest;
}

static void text_helpers(struct report *report)
{
    const struct rex_import *deepest = deepest_helper(report);
    if (deepest)
        buffer_format(report->out,
                      "\nhelpers: at most %u bytes (%s), of the %u that are reserved below these "
                      "stacks\n",
                      deepest->stack, deepest->name, REX_STACK_RESERVE);
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
    text_helpers(&report);
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

static void json_position(json_t *entry, const char *file, unsigned line)
{
    if (!file || !line)
        return;
    json_object_set_new(entry, "file", json_string(file));
    json_object_set_new(entry, "line", json_integer(line));
}

static json_t *json_inlined(struct report *report, const struct stack_frame *frame)
{
    struct source_frame sources[64];
    size_t count = stack_frame_sources(report->info, report->code, frame, sources, 64);
    json_t *inlined = json_array();

    for (size_t i = 1; i < count; i++) {
        json_t *entry = json_object();
        char *name = sources[i].function ? demangle(sources[i].function) : NULL;
        json_object_set_new(entry, "function", name ? json_string(name) : json_null());
        json_position(entry, sources[i].file, sources[i].line);
        json_array_append_new(inlined, entry);
        free(name);
    }
    return inlined;
}

/* The frame of the path that takes most, and what is in it. */
static json_t *json_largest(struct report *report, const struct stack_root *root)
{
    const struct stack_frame *frame = stack_largest_frame(root);
    struct source_variable variables[16];
    if (!frame)
        return json_null();
    size_t count = debug_info_variables(
        report->info, report->code->functions[frame->function].address, variables, 16);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *entry = json_object();
        json_object_set_new(entry, "name", json_string(variables[i].name));
        json_object_set_new(entry, "bytes", json_integer((json_int_t)variables[i].size));
        json_position(entry, variables[i].file, variables[i].line);
        json_array_append_new(list, entry);
    }
    json_t *largest = json_object();
    json_object_set_new(largest, "function", json_function(report, frame->function));
    json_object_set_new(largest, "bytes", json_integer(frame->bytes));
    json_object_set_new(largest, "variables", list);
    return largest;
}

static json_t *json_path(struct report *report, const struct stack_root *root)
{
    static const char *const part_names[] = {"program", "panic", "import"};
    json_t *path = json_array();
    for (size_t i = 0; i < root->path_length; i++) {
        const struct stack_frame *frame = &root->path[i];
        struct source_frame source;
        json_t *entry = json_object();
        json_object_set_new(entry, "function", json_function(report, frame->function));
        json_object_set_new(entry, "bytes", json_integer(frame->bytes));
        if (stack_frame_source(report->info, report->code, frame, &source))
            json_position(entry, source.file, source.line);
        json_object_set_new(entry, "part",
                            json_string(part_names[stack_frame_part(report->result, root, frame)]));
        json_object_set_new(entry, "inlined", json_inlined(report, frame));
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
    json_object_set_new(entry, "headroom",
                        root->checked ? json_null()
                                      : json_integer((json_int_t)root->limit - root->bound));
    json_object_set_new(entry, "checked", json_boolean(root->checked));
    json_object_set_new(entry, "panic_bound",
                        report->result->panic.checked ? json_null()
                                                      : json_integer(report->result->panic.bound));
    json_object_set_new(entry, "path", json_path(report, root));
    json_object_set_new(entry, "largest", json_largest(report, root));
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
            struct buffer reason = {0};
            json_object_set_new(member, "function", json_function(report, function));
            json_object_set_new(member, "taken", json_string(relocated ? "table" : "code"));
            put_reason(report, &reason, function);
            json_object_set_new(member, "reason", json_string(reason.data ? reason.data : ""));
            buffer_free(&reason);
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
    json_object_set_new(root, "cross_checked", json_integer((json_int_t)result->cross_checked));
    const struct rex_import *helper = deepest_helper(&report);
    if (helper)
        json_object_set_new(root, "helpers",
                            json_pack("{s:s, s:i, s:i}", "function", helper->name, "bytes",
                                      (int)helper->stack, "reserve", (int)REX_STACK_RESERVE));
    char *text = json_dumps(root, JSON_COMPACT);
    if (!text)
        out->failed = true;
    else
        buffer_format(out, "%s\n", text);
    free(text);
    json_decref(root);
    return close_report(diag, &report);
}
