/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack.h"

#include "base/diag.h"
#include "linker/cfi.h"
#include "linker/check_site.h"
#include "linker/cuts.h"
#include "linker/imports.h"
#include "linker/stack_path.h"
#include "linker/stack_sizes.h"
#include "runtime/abi/rex_abi.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Frames of paths and functions of circles that are told in all: enough for every ordinary object,
 * and an end to what an object that is made to have many long ones can cost. */
#define EXPLAINED_MAX (1u << 21)

struct analysis {
    struct diag *diag;
    const struct object *object;
    const struct code *code;
    const struct stack_options *options;
    uint32_t limit;
    struct stack_result *result;
    uint32_t timeout;     /* __rex_handle_timeout */
    bool *cut;            /* by node: has a check, or is to have one */
    bool *planned;        /* by node: is to be given one by the compiler */
    struct depth whole;   /* as if there were no checks */
    struct depth limited; /* down to the next checks */
    size_t explained;     /* towards EXPLAINED_MAX */
    bool failed;          /* something was reported */
};

static int no_memory(struct analysis *analysis)
{
    return diag_error(analysis->diag, DIAG_OUT_OF_MEMORY, NULL,
                      "out of memory while analysing the stack");
}

/* Any of the names of a function's address. */
static bool is_named(const struct code *code, uint32_t function, const char *const *names,
                     size_t count)
{
    const struct object *object = code->object;
    for (size_t i = code->functions[function].symbol;
         i < object->function_count &&
         object->functions[i].address == code->functions[function].address;
         i++) {
        size_t low = 0, high = count;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            int order = strcmp(names[middle], object->functions[i].name);
            if (order == 0)
                return true;
            if (order < 0)
                low = middle + 1;
            else
                high = middle;
        }
    }
    return false;
}

static int find_roots(struct analysis *analysis)
{
    const struct code *code = analysis->code;
    struct stack_result *result = analysis->result;
    const struct object *object = analysis->object;

    result->programs = calloc((size_t)code->function_count + 1, sizeof(*result->programs));
    if (!result->programs)
        return no_memory(analysis);
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        uint16_t section = object->functions[function->symbol].section;
        int type = section < object->section_count
                       ? program_type_of_section(object->sections[section].name)
                       : -1;
        if (type >= 0 && function->kind == CODE_FUNCTION)
            result->programs[result->program_count++] = (struct stack_root){
                .name = function->name, .function = i, .type = type, .limit = analysis->limit};
    }
    if (result->program_count == 0)
        return diag_error(analysis->diag, DIAG_STACK_NO_PROGRAM,
                          "Mark a function as a program, with #[rex_xdp] for example.",
                          "the object has no program");
    static const char *const names[] = {REX_SYMBOL_PANIC_BODY, REX_SYMBOL_HANDLE_TIMEOUT};
    uint32_t found[2];
    for (size_t i = 0; i < 2; i++) {
        const struct object_symbol *symbol = object_symbol(object, names[i]);
        found[i] = symbol ? code_function_at(code, symbol->value) : CODE_NONE;
        if (found[i] == CODE_NONE || code->functions[found[i]].kind != CODE_FUNCTION)
            return diag_error(analysis->diag, DIAG_STACK_NO_PROGRAM,
                              "Link the program with the rex crate that comes with rexc.",
                              "the object does not define the function %s", names[i]);
    }
    analysis->timeout = found[1];
    result->panic = (struct stack_root){
        .name = names[0], .function = found[0], .type = -1, .limit = REX_PANIC_STACK};
    return 0;
}

static int build_graph(struct analysis *analysis)
{
    struct stack_result *result = analysis->result;
    size_t count = result->program_count + 2;
    uint32_t *roots = calloc(count, sizeof(*roots));
    if (!roots)
        return no_memory(analysis);
    for (size_t i = 0; i < result->program_count; i++)
        roots[i] = result->programs[i].function;
    roots[count - 2] = result->panic.function;
    roots[count - 1] = analysis->timeout;
    int failed = callgraph_build(analysis->diag, analysis->code, roots, count, &result->graph);
    free(roots);
    if (!failed && analysis->options->cross_check)
        failed = cfi_check(analysis->diag, result->graph, &result->cross_checked);
    if (!failed && analysis->options->sizes)
        failed = stack_sizes_check(analysis->diag, result->graph, &result->sizes_checked);
    return failed;
}

static int list_functions(struct analysis *analysis)
{
    const struct code *code = analysis->code;
    struct stack_result *result = analysis->result;
    const struct callgraph *graph = result->graph;

    result->reachable = calloc((size_t)code->function_count + 1, sizeof(uint32_t));
    result->unused_ids = calloc((size_t)code->function_count + 1, sizeof(uint32_t));
    if (!result->reachable || !result->unused_ids)
        return no_memory(analysis);
    /* NOLINTBEGIN(clang-analyzer-core.NullDereference): callgraph_build() made the graph */
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        uint32_t set = function->has_id ? callee_set_of(&graph->sets, function->id) : CODE_NONE;
        bool used = set != CODE_NONE && graph->reachable[code->function_count + set] &&
                    graph->taken[i] != CALLGRAPH_NOT_TAKEN;
        if (graph->reachable[i])
            result->reachable[result->reachable_count++] = i;
        if (!used && function->prefix != CODE_NONE)
            result->unused_ids[result->unused_id_count++] = i;
    }
    /* NOLINTEND(clang-analyzer-core.NullDereference) */
    return 0;
}

/* Whether the function is on a circle of calls. */
static bool is_circular(const struct analysis *analysis, uint32_t function)
{
    uint32_t component = analysis->whole.nodes[function].component;
    return component != CODE_NONE && analysis->whole.components[component].circular;
}

/* The checks that the object has, where they cut a circle. Core is built with checks at all of its
 * own cuts; those that are on no circle of this object have nothing to test for, and are counted
 * like any other function. */
static void mark_checks(struct analysis *analysis)
{
    struct check_site site;
    for (uint32_t i = 0; i < analysis->code->function_count; i++)
        analysis->cut[i] = is_circular(analysis, i) && check_site_match(analysis->code, i, &site);
}

static void report_circle(struct analysis *analysis, uint32_t node)
{
    const struct code *code = analysis->code;
    struct stack_notes notes = {0};
    uint32_t *circle = NULL;
    size_t length = 0;

    if (depth_circle(&analysis->limited, node, &circle, &length) ||
        stack_notes_circle(&notes, code, circle, length)) {
        no_memory(analysis);
    } else {
        bool plan = analysis->options->round == STACK_PLAN;
        struct diag_message message = {
            .code = DIAG_STACK_RECURSION,
            .at = {.symbol = length ? code->functions[circle[0]].name : NULL},
            .why = "each turn uses more stack, and nothing stops it before the stack's end",
            .help =
                plan ? "Break the circle: use a loop, or let the recursion pass through a function "
                       "of the program. A library's source, given before the program's instead of "
                       "--extern, gets checks as well: rexc LIBRARY.rs PROGRAM.rs"
                     : "Build the object with this version of rexc, which puts checks into it.",
            .notes = (const char *const *)notes.lines,
        };
        diag_report(analysis->diag, &message, "a recursion without a stack check");
    }
    free(circle);
    stack_notes_free(&notes);
}

/* Finds where to cut; marks analysis->cut and analysis->planned. */
static int plan_checks(struct analysis *analysis)
{
    const struct stack_options *options = analysis->options;
    const struct callgraph *graph = analysis->result->graph;
    uint32_t count = analysis->code->function_count;
    bool *may_check = calloc((size_t)graph->node_count + 1, sizeof(*may_check));
    bool *before = calloc((size_t)graph->node_count + 1, sizeof(*before));
    uint32_t uncut;
    int failed = -1;

    if (!may_check || !before) {
        no_memory(analysis);
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        bool ordinary =
            is_circular(analysis, i) && analysis->code->functions[i].kind == CODE_FUNCTION;
        if (ordinary && is_named(analysis->code, i, options->checked, options->checked_count))
            analysis->cut[i] = true;
        may_check[i] = ordinary && !analysis->cut[i] &&
                       is_named(analysis->code, i, options->may_check, options->may_check_count);
    }
    memcpy(before, analysis->cut, graph->node_count);
    if (cuts_choose(graph, may_check, analysis->cut, &uncut)) {
        no_memory(analysis);
        goto done;
    }
    for (uint32_t i = 0; i < count; i++)
        analysis->planned[i] = analysis->cut[i] && !before[i];
    failed = 0; /* a circle that is left is reported with the bounds */

done:
    free(may_check);
    free(before);
    return failed;
}

static void report_limit(struct analysis *analysis, const struct stack_root *root)
{
    struct stack_notes notes = {0};
    bool panic = root->type < 0;
    char *advice = stack_advice(analysis->diag, analysis->result, root);

    analysis->failed = true;
    if (!advice || stack_notes_path(analysis->diag, &notes, analysis->result, root)) {
        no_memory(analysis);
        stack_notes_free(&notes);
        free(advice);
        return;
    }
    struct diag_message message = {
        .code = panic ? DIAG_STACK_PANIC_LIMIT : DIAG_STACK_LIMIT,
        .at = {.symbol = root->name},
        .why = "an overflow of the stack would halt the machine",
        .help = advice,
        .notes = (const char *const *)notes.lines,
    };
    diag_report(
        analysis->diag, &message,
        "%s may need %" PRIu32 " bytes of stack%s; it gets %" PRIu32 " (%" PRIu32 " too many)",
        panic ? "formatting a panic message" : "this program", root->bound,
        root->checked ? " before its first check" : "", root->limit, root->bound - root->limit);
    stack_notes_free(&notes);
    free(advice);
}

/* The root's deepest path, down to its bound in that depth. */
static int explain_root(struct analysis *analysis, struct stack_root *root,
                        const struct depth *depth)
{
    const struct code *code = analysis->code;
    struct depth_step *steps;
    size_t count;

    if (analysis->explained >= EXPLAINED_MAX)
        return 0;
    if (depth_path(depth, root->function, &steps, &count))
        return no_memory(analysis);
    analysis->explained += count;
    root->path = calloc(count + 1, sizeof(*root->path));
    for (size_t i = 0; root->path && i < count; i++) {
        if (callgraph_is_set(analysis->result->graph, steps[i].node)) {
            /* What calls through a set has been added already. */
            root->path[root->path_length - 1].set = steps[i].node - code->function_count;
            continue;
        }
        enum code_class class = steps[i].instruction == CODE_NONE
                                    ? CODE_CALL
                                    : code->instructions[steps[i].instruction].class;
        root->path[root->path_length++] = (struct stack_frame){
            .function = steps[i].node,
            .bytes = steps[i].bytes,
            .instruction = steps[i].instruction,
            .set = CODE_NONE,
            .tail = class != CODE_CALL && class != CODE_INDIRECT_CALL,
        };
    }
    free(steps);
    return root->path ? 0 : no_memory(analysis);
}

/* The root's bound, and how it comes about. */
static int bound_root(struct analysis *analysis, struct stack_root *root)
{
    const struct depth *depth = &analysis->whole;

    if (depth->nodes[root->function].bound == DEPTH_UNBOUNDED) {
        root->checked = true;
        depth = &analysis->limited;
    }
    uint64_t bound = depth->nodes[root->function].bound;
    root->bound = bound > UINT32_MAX ? UINT32_MAX : (uint32_t)bound;
    if (explain_root(analysis, root, depth))
        return -1;
    if (root->bound > root->limit && !(root->checked && analysis->options->round == STACK_PLAN))
        report_limit(analysis, root);
    return 0;
}

/* The handler is entered at any instruction of any path, so whatever it used would be used below
 * the deepest of them. */
static void check_timeout(struct analysis *analysis)
{
    uint64_t bound = analysis->whole.nodes[analysis->timeout].bound;
    if (bound == 0)
        return;
    struct diag_message message = {
        .code = DIAG_STACK_LIMIT,
        .at = {.symbol = REX_SYMBOL_HANDLE_TIMEOUT},
        .why = "it is entered wherever the program is, at its deepest point too",
        .help = "Link the program with the rex crate that comes with rexc.",
    };
    diag_report(analysis->diag, &message, "the timeout handler uses stack");
    analysis->failed = true;
}

static void report_need(struct analysis *analysis, const struct stack_check *check)
{
    struct diag_message message = {
        .code = DIAG_STACK_NEED,
        .at = {.symbol = check->name,
               .address = analysis->code->functions[check->function].address,
               .has_address = true},
        .why = "the stack could overflow after the check was passed",
        .help = "Build the object again with this version of rexc.",
    };
    diag_report(analysis->diag, &message,
                "a stack check demands %" PRIu32 " bytes where %" PRIu32 " are needed",
                check->encoded, check->need);
    analysis->failed = true;
}

static void report_hopeless(struct analysis *analysis, const struct stack_check *check)
{
    struct diag_message message = {
        .code = DIAG_STACK_LIMIT,
        .at = {.symbol = check->name},
        .why = "its check could never be passed",
        .help = "Move the largest arrays of the recursion into a map.",
    };
    diag_report(analysis->diag, &message,
                "one turn of a recursion needs %" PRIu32
                " bytes of stack; the program gets %" PRIu32,
                check->need, analysis->limit);
    analysis->failed = true;
}

static int describe_check(struct analysis *analysis, uint32_t function)
{
    struct stack_result *result = analysis->result;
    struct stack_check *check = &result->checks[result->check_count];
    struct check_site site = {0};
    bool present = check_site_match(analysis->code, function, &site);
    uint64_t need = analysis->limited.nodes[function].bound;

    *check = (struct stack_check){
        .name = analysis->code->functions[function].name,
        .function = function,
        .planned = analysis->planned[function],
        .encoded = site.need,
    };
    if (present)
        check->need = need > UINT32_MAX ? UINT32_MAX : (uint32_t)need;
    if (analysis->explained < EXPLAINED_MAX) {
        if (depth_circle(&analysis->whole, function, &check->circle, &check->circle_length))
            return no_memory(analysis);
        /* What looking for it cost, however short it is. */
        const struct depth_node *node = &analysis->whole.nodes[function];
        analysis->explained += analysis->whole.components[node->component].count;
    }
    result->check_count++;
    if (present && analysis->options->round == STACK_FINAL && check->encoded < check->need)
        report_need(analysis, check);
    if (present && check->need > analysis->limit && check->need > REX_PANIC_STACK)
        report_hopeless(analysis, check);
    return 0;
}

static int describe_checks(struct analysis *analysis)
{
    struct stack_result *result = analysis->result;
    uint32_t count = analysis->code->function_count;
    size_t checks = 0;
    for (uint32_t i = 0; i < count; i++)
        checks += analysis->cut[i];
    result->checks = calloc(checks + 1, sizeof(*result->checks));
    if (!result->checks)
        return no_memory(analysis);
    for (uint32_t i = 0; i < count; i++)
        if (analysis->cut[i] && describe_check(analysis, i))
            return -1;
    return 0;
}

static int compare_needs(const void *a, const void *b)
{
    return strcmp(((const struct stack_need *)a)->name, ((const struct stack_need *)b)->name);
}

/* All names of all checks, those that cut nothing with a need of 0. */
static int list_needs(struct analysis *analysis)
{
    struct stack_result *result = analysis->result;
    const struct code *code = analysis->code;
    const struct object *object = analysis->object;
    struct check_site site;
    size_t count = 0, merged = 0;

    result->needs = calloc(object->function_count + 1, sizeof(*result->needs));
    if (!result->needs)
        return no_memory(analysis);
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        if (!check_site_match(code, i, &site))
            continue;
        uint64_t need = analysis->cut[i] ? analysis->limited.nodes[i].bound : 0;
        for (size_t j = function->symbol;
             j < object->function_count && object->functions[j].address == function->address; j++)
            result->needs[count++] =
                (struct stack_need){.name = object->functions[j].name,
                                    .bytes = need > UINT32_MAX ? UINT32_MAX : (uint32_t)need};
    }
    qsort(result->needs, count, sizeof(*result->needs), compare_needs);
    for (size_t i = 0; i < count; i++) {
        struct stack_need *last = merged ? &result->needs[merged - 1] : NULL;
        if (!last || strcmp(last->name, result->needs[i].name) != 0)
            result->needs[merged++] = result->needs[i];
        else if (last->bytes < result->needs[i].bytes)
            last->bytes = result->needs[i].bytes;
    }
    result->need_count = merged;
    return 0;
}

/* A circle that is left with all checks in place. */
static int refuse_circles(struct analysis *analysis)
{
    for (uint32_t i = 0; i < analysis->limited.component_count; i++) {
        const struct depth_component *component = &analysis->limited.components[i];
        if (!component->circular)
            continue;
        report_circle(analysis, analysis->limited.members[component->first]);
        analysis->failed = true;
    }
    return analysis->failed ? -1 : 0;
}

static int compute_bounds(struct analysis *analysis)
{
    struct stack_result *result = analysis->result;
    const struct callgraph *graph = result->graph;

    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): build_graph() made it */
    analysis->cut = calloc((size_t)graph->node_count + 1, sizeof(bool));
    analysis->planned = calloc((size_t)graph->node_count + 1, sizeof(bool));
    if (!analysis->cut || !analysis->planned || depth_compute(graph, NULL, &analysis->whole))
        return no_memory(analysis);
    for (uint32_t i = 0; i < analysis->whole.component_count; i++)
        result->circular |= analysis->whole.components[i].circular;
    if (result->circular && analysis->options->round == STACK_LOOK)
        return 0;
    mark_checks(analysis);
    if (result->circular && analysis->options->round == STACK_PLAN && plan_checks(analysis))
        return -1;
    if (depth_compute(graph, analysis->cut, &analysis->limited))
        return no_memory(analysis);
    if (refuse_circles(analysis))
        return -1;
    for (size_t i = 0; i < result->program_count; i++)
        if (bound_root(analysis, &result->programs[i]))
            return -1;
    if (bound_root(analysis, &result->panic) || describe_checks(analysis) || list_needs(analysis))
        return -1;
    check_timeout(analysis);
    return analysis->failed ? -1 : 0;
}

int stack_analyse(struct diag *diag, const struct object *object, const struct code *code,
                  const struct stack_options *options, struct stack_result **result)
{
    struct analysis analysis = {
        .diag = diag,
        .object = object,
        .code = code,
        .options = options,
        .limit = options->limit ? options->limit : REX_STACK_PROGRAM,
        .result = calloc(1, sizeof(struct stack_result)),
    };
    int failed = -1;

    *result = NULL;
    if (!analysis.result)
        no_memory(&analysis);
    else
        failed = find_roots(&analysis) || build_graph(&analysis) || list_functions(&analysis) ||
                 compute_bounds(&analysis);
    depth_free(&analysis.whole);
    depth_free(&analysis.limited);
    free(analysis.cut);
    free(analysis.planned);
    if (failed)
        stack_result_free(analysis.result);
    else
        *result = analysis.result;
    return failed ? -1 : 0;
}

void stack_result_free(struct stack_result *result)
{
    if (!result)
        return;
    for (size_t i = 0; i < result->program_count; i++)
        free(result->programs[i].path);
    for (size_t i = 0; i < result->check_count; i++)
        free(result->checks[i].circle);
    callgraph_free(result->graph);
    free(result->programs);
    free(result->panic.path);
    free(result->checks);
    free(result->needs);
    free(result->unused_ids);
    free(result->reachable);
    free(result);
}
