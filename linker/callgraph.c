/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/callgraph.h"

#include "base/diag.h"
#include "linker/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPORTS_MAX 12u
/* How often the graph is built anew because less returns than was thought. Each time is for calls
 * that lead to calls of the time before; what is left then is counted and does no harm. */
#define ROUNDS_MAX 16u

struct builder {
    struct diag *diag;
    struct callgraph *graph;
    uint32_t *work; /* nodes found reachable, not yet looked at */
    uint32_t work_count;
    const struct code_problem **broken; /* by function: a problem of it, or NULL */
    struct tables tables;
    bool *referred;       /* by table: something that counts refers to it */
    uint32_t *table_work; /* tables referred to, not yet looked at */
    uint32_t table_count;
    uint32_t *pointers; /* relocations in tables, in the order of their places */
    uint32_t pointer_count;
    uint32_t reports;
    bool no_memory;
};

static void reach(struct builder *builder, uint32_t node)
{
    if (builder->graph->reachable[node])
        return;
    builder->graph->reachable[node] = true;
    builder->work[builder->work_count++] = node;
}

/* A function's address is taken: it may be called through any reachable set with its id. */
static void take(struct builder *builder, uint32_t function, enum callgraph_taken how, uint32_t by)
{
    struct callgraph *graph = builder->graph;
    if (graph->taken[function] != CALLGRAPH_NOT_TAKEN)
        return;
    graph->taken[function] = (uint8_t)how;
    graph->taker[function] = by;
    const struct code_function *callee = &graph->code->functions[function];
    uint32_t set = callee->has_id ? callee_set_of(&graph->sets, callee->id) : CODE_NONE;
    if (set != CODE_NONE && graph->reachable[graph->code->function_count + set])
        reach(builder, function);
}

/* Something that counts refers to the address: if it is in a table, that is to be visited. */
static void refer(struct builder *builder, uint64_t address)
{
    uint32_t table = tables_containing(&builder->tables, address);
    if (table == TABLES_NONE || builder->referred[table])
        return;
    builder->referred[table] = true;
    builder->table_work[builder->table_count++] = table;
}

/* A pointer of the image counts. */
static void take_pointer(struct builder *builder, uint32_t index)
{
    const struct code *code = builder->graph->code;
    const struct object_relocation *relocation = &code->object->relocations[index];
    if (relocation->type != R_X86_64_RELATIVE || relocation->addend < 0)
        return;
    uint32_t function = code_function_at(code, (uint64_t)relocation->addend);
    if (function != CODE_NONE)
        take(builder, function, CALLGRAPH_TAKEN_BY_RELOCATION, index);
    else
        refer(builder, (uint64_t)relocation->addend);
}

/* The first of the pointers in tables that does not lie before the address. */
static uint32_t first_pointer(const struct builder *builder, uint64_t address)
{
    const struct object_relocation *relocations = builder->graph->code->object->relocations;
    uint32_t low = 0, high = builder->pointer_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (relocations[builder->pointers[middle]].offset < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The pointers in a table that something refers to. */
static void visit_table(struct builder *builder, uint32_t index)
{
    const struct object_relocation *relocations = builder->graph->code->object->relocations;
    const struct table *table = &builder->tables.items[index];
    for (uint32_t i = first_pointer(builder, table->address);
         i < builder->pointer_count &&
         relocations[builder->pointers[i]].offset - table->address < table->size;
         i++)
        take_pointer(builder, builder->pointers[i]);
}

struct explanation {
    enum diag_code code;
    const char *what;
    const char *why;
    const char *help;
};

static const char own_code[] = "Ordinary Rust does not compile to this. If the program has no "
                               "assembly of its own, please report it as a "
                               "defect of rexc with the source.";

static struct explanation explain(enum frame_fault fault)
{
    switch (fault) {
    case FRAME_OK:
    case FRAME_NO_MEMORY:
        break;
    case FRAME_CODE:
        return (struct explanation){DIAG_STACK_CODE, "the instruction cannot be followed",
                                    "every path must be known for the bound to hold", own_code};
    case FRAME_UNKNOWN_RSP:
        return (struct explanation){DIAG_STACK_UNKNOWN, "the stack pointer gets an unknown value",
                                    "the depth from here on cannot be bounded", own_code};
    case FRAME_DYNAMIC:
        return (struct explanation){DIAG_STACK_DYNAMIC, "a stack allocation of variable size",
                                    "its size is not known before the program runs",
                                    "Use an array of a fixed size, or a map."};
    case FRAME_MISALIGNED:
        return (struct explanation){DIAG_STACK_UNKNOWN,
                                    "the stack pointer is no multiple of 8 where it has to be",
                                    "the depth of realigned frames would not be bounded", own_code};
    case FRAME_TOO_LARGE:
        return (struct explanation){
            DIAG_STACK_LIMIT, "a stack frame of more than 256 MiB", "no stack is that large",
            "Keep large data in a map (a per-CPU array of one element serves "
            "as scratch space)."};
    case FRAME_ABOVE_ENTRY:
        return (struct explanation){DIAG_STACK_UNKNOWN,
                                    "the stack pointer rises above the function's own frame",
                                    "the caller's frame would be overwritten", own_code};
    case FRAME_MERGE:
        return (struct explanation){DIAG_STACK_MERGE,
                                    "two paths lead here with different stack depths",
                                    "a loop may grow the stack without bound", own_code};
    case FRAME_NOT_RESTORED:
        return (struct explanation){
            DIAG_STACK_NOT_RESTORED,
            "the function is left with another rsp or rbp than it was entered with",
            "the caller's frame would be lost", own_code};
    case FRAME_BELOW_RSP:
        return (struct explanation){DIAG_STACK_RED_ZONE, "a memory access below the stack pointer",
                                    "interrupts overwrite what is there", own_code};
    case FRAME_OVERWRITES:
        return (struct explanation){DIAG_STACK_OVERWRITES,
                                    "a store to the return address or to the saved frame pointer",
                                    "control would not go where the bound assumes", own_code};
    case FRAME_FALLS_THROUGH:
        return (struct explanation){DIAG_STACK_FALLS_THROUGH,
                                    "control may run over the end of the function",
                                    "what follows belongs to no path of the program", own_code};
    case FRAME_INT3:
        return (struct explanation){DIAG_STACK_CODE,
                                    "a breakpoint instruction that control may reach",
                                    "what happens after it depends on who handles it", own_code};
    case FRAME_INTO_PROBE:
        return (struct explanation){DIAG_STACK_UNKNOWN, "a branch into a stack probe loop",
                                    "the loop's limit is not set on that path", own_code};
    }
    return (struct explanation){DIAG_OUT_OF_MEMORY, "out of memory while analysing the stack", NULL,
                                NULL};
}

/* The decoder's word on an instruction, when it has one. */
static const char *problem_at(const struct code *code, uint32_t address)
{
    for (uint32_t i = 0; i < code->problem_count; i++)
        if (code->problems[i].address == address)
            return code_problem_text(code->problems[i].kind);
    return NULL;
}

/* instruction: CODE_NONE when no instruction is at the address. */
static void report(struct builder *builder, uint32_t function, enum frame_fault fault,
                   uint32_t address, uint32_t instruction)
{
    const struct code *code = builder->graph->code;
    struct explanation explanation = explain(fault);
    char text[96];
    char line[128];

    if (fault == FRAME_NO_MEMORY)
        builder->no_memory = true;
    if (++builder->reports > REPORTS_MAX)
        return;
    const char *problem = fault == FRAME_CODE ? problem_at(code, address) : NULL;
    if (!problem && instruction == CODE_NONE)
        problem = "the function's code is in no executable segment that can be read";
    bool quoted = fault != FRAME_NO_MEMORY && instruction != CODE_NONE;
    if (quoted)
        code_format(code, instruction, text, sizeof(text));
    snprintf(line, sizeof(line), "the instruction is: %s", quoted ? text : "");
    struct diag_message message = {
        .code = explanation.code,
        .at = {.symbol = code->functions[function].name, .address = address, .has_address = true},
        .why = explanation.why,
        .help = explanation.help,
        .notes = quoted ? (const char *const[]){line, NULL} : NULL,
    };
    diag_report(builder->diag, &message, "%s", problem ? problem : explanation.what);
}

/* Problems that the decoder found in a function and that the interpretation of its paths would not
 * meet. */
static void mark_broken(struct builder *builder)
{
    const struct code *code = builder->graph->code;
    for (uint32_t i = 0; i < code->problem_count; i++) {
        const struct code_problem *problem = &code->problems[i];
        bool structural =
            problem->kind == CODE_PROBLEM_OVERLAP || problem->kind == CODE_PROBLEM_INTO_CHECK ||
            problem->kind == CODE_PROBLEM_THUNK || problem->kind == CODE_PROBLEM_IMAGE;
        if (structural && problem->function != CODE_NONE)
            builder->broken[problem->function] = problem;
    }
}

static void report_broken(struct builder *builder, uint32_t function)
{
    uint32_t address = builder->broken[function]->address;
    report(builder, function, FRAME_CODE, address, code_at(builder->graph->code, address));
}

/* The tables that the function's code refers to. */
static void refer_tables(struct builder *builder, uint32_t index)
{
    const struct code *code = builder->graph->code;
    const struct code_function *function = &code->functions[index];
    for (uint32_t i = function->first; i < function->first + function->count; i++)
        if (code->instructions[i].facts & CODE_RIP_RELATIVE)
            refer(builder, code->instructions[i].target);
}

static void visit_function(struct builder *builder, uint32_t function)
{
    struct callgraph *graph = builder->graph;
    const struct frame *frame = &graph->frames.frames[function];

    if (graph->code->functions[function].kind != CODE_FUNCTION)
        return; /* a thunk: it leaves the object, or stands for a set or a return */
    if (builder->broken[function]) {
        report_broken(builder, function);
        return;
    }
    if (frame_analyse(&graph->frames, function) != FRAME_OK) {
        uint32_t at = frame->fault_instruction;
        uint32_t address = at == CODE_NONE ? (uint32_t)graph->code->functions[function].address
                                           : graph->code->instructions[at].address;
        report(builder, function, frame->fault, address, at);
        return;
    }
    refer_tables(builder, function);
    for (uint32_t i = 0; i < frame->edge_count; i++) {
        const struct frame_edge *edge = &graph->frames.edges[frame->first_edge + i];
        switch (edge->kind) {
        case FRAME_CALL:
        case FRAME_TAIL:
            reach(builder, edge->target);
            break;
        case FRAME_CALL_SET:
        case FRAME_TAIL_SET:
            reach(builder, graph->code->function_count + edge->target);
            break;
        case FRAME_REFERENCE:
            take(builder, edge->target, CALLGRAPH_TAKEN_BY_CODE, edge->instruction);
            break;
        }
    }
}

static void visit_set(struct builder *builder, uint32_t index)
{
    const struct callgraph *graph = builder->graph;
    const struct callee_set *set = &graph->sets.sets[index];
    for (uint32_t i = 0; i < set->count; i++)
        if (graph->taken[graph->sets.members[set->first + i]] != CALLGRAPH_NOT_TAKEN)
            reach(builder, graph->sets.members[set->first + i]);
}

/* The image's own pointers, but for those in tables that nothing refers to yet. Which of the others
 * the reachable code can get at is not asked: after linking with --gc-sections little is left that
 * it cannot. */
static void take_relocated(struct builder *builder)
{
    const struct object *object = builder->graph->code->object;
    for (size_t i = 0; i < object->relocation_count; i++)
        if (tables_containing(&builder->tables, object->relocations[i].offset) == TABLES_NONE)
            take_pointer(builder, (uint32_t)i);
}

static int compare_places(const void *a, const void *b, void *relocations)
{
    const struct object_relocation *left =
        (const struct object_relocation *)relocations + *(const uint32_t *)a;
    const struct object_relocation *right =
        (const struct object_relocation *)relocations + *(const uint32_t *)b;
    return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static int find_tables(struct builder *builder)
{
    const struct object *object = builder->graph->code->object;
    if (tables_find(object, &builder->tables))
        return -1;
    builder->referred = calloc((size_t)builder->tables.count + 1, sizeof(*builder->referred));
    builder->pointers = calloc(object->relocation_count + 1, sizeof(*builder->pointers));
    builder->table_work = calloc((size_t)builder->tables.count + 1, sizeof(*builder->table_work));
    if (!builder->referred || !builder->table_work || !builder->pointers)
        return -1;
    for (size_t i = 0; i < object->relocation_count; i++)
        if (tables_containing(&builder->tables, object->relocations[i].offset) != TABLES_NONE)
            builder->pointers[builder->pointer_count++] = (uint32_t)i;
    qsort_r(builder->pointers, builder->pointer_count, sizeof(*builder->pointers), compare_places,
            object->relocations);
    return 0;
}

static void free_builder(struct builder *builder)
{
    free(builder->work);
    free(builder->broken);
    free(builder->referred);
    free(builder->table_work);
    free(builder->pointers);
    tables_free(&builder->tables);
}

/* Members whose address nothing takes are none. Returns whether there were any. */
static bool narrow_sets(struct callgraph *graph)
{
    bool narrowed = false;
    for (uint32_t i = 0; i < graph->sets.set_count; i++) {
        struct callee_set *set = &graph->sets.sets[i];
        uint32_t kept = 0;
        for (uint32_t j = 0; j < set->count; j++) {
            uint32_t member = graph->sets.members[set->first + j];
            if (graph->taken[member] != CALLGRAPH_NOT_TAKEN)
                graph->sets.members[set->first + kept++] = member;
        }
        narrowed |= kept < set->count;
        set->count = kept;
    }
    return narrowed;
}

/* Who returns when only the members that are left do. Sets *changed when that is less than
 * before. */
static int find_returns_again(struct callgraph *graph, bool *changed)
{
    struct returns returns;
    if (returns_find(graph->code, &graph->sets, &returns))
        return -1;
    /* One allocation, as returns_free() has it. */
    *changed = memcmp(returns.functions, graph->returns.functions,
                      graph->node_count * sizeof(*returns.functions)) != 0;
    returns_free(&graph->returns);
    graph->returns = returns;
    return 0;
}

static int prepare(struct builder *builder, const struct code *code)
{
    struct callgraph *graph = calloc(1, sizeof(*graph));
    builder->graph = graph;
    if (!graph)
        return -1;
    graph->code = code;
    if (callee_find(code, &graph->sets) || returns_find(code, &graph->sets, &graph->returns) ||
        frames_init(&graph->frames, code, &graph->sets, &graph->returns))
        return -1;
    graph->node_count = code->function_count + graph->sets.set_count;
    graph->reachable = calloc((size_t)graph->node_count + 1, sizeof(*graph->reachable));
    graph->taken = calloc((size_t)code->function_count + 1, sizeof(*graph->taken));
    graph->taker = calloc((size_t)code->function_count + 1, sizeof(*graph->taker));
    builder->work = calloc((size_t)graph->node_count + 1, sizeof(*builder->work));
    builder->broken = calloc((size_t)code->function_count + 1, sizeof(*builder->broken));
    return graph->reachable && graph->taken && graph->taker && builder->work && builder->broken
               ? find_tables(builder)
               : -1;
}

/* What is reachable and taken, with the sets and who returns as they are known. */
static void find_reachable(struct builder *builder, const uint32_t *roots, size_t root_count)
{
    take_relocated(builder);
    for (size_t i = 0; i < root_count; i++)
        reach(builder, roots[i]);
    while ((builder->work_count || builder->table_count) && !builder->no_memory) {
        if (builder->table_count) {
            visit_table(builder, builder->table_work[--builder->table_count]);
            continue;
        }
        uint32_t node = builder->work[--builder->work_count];
        if (callgraph_is_set(builder->graph, node))
            visit_set(builder, node - builder->graph->code->function_count);
        else
            visit_function(builder, node);
    }
}

/* Forgets what was reachable and taken. */
static int begin_again(struct builder *builder)
{
    struct callgraph *graph = builder->graph;
    memset(graph->reachable, 0, graph->node_count * sizeof(*graph->reachable));
    memset(graph->taken, 0, graph->code->function_count * sizeof(*graph->taken));
    memset(builder->referred, 0, builder->tables.count * sizeof(*builder->referred));
    frames_free(&graph->frames);
    return frames_init(&graph->frames, graph->code, &graph->sets, &graph->returns);
}

int callgraph_build(struct diag *diag, const struct code *code, const uint32_t *roots,
                    size_t root_count, struct callgraph **graph)
{
    struct builder builder = {.diag = diag};

    *graph = NULL;
    if (prepare(&builder, code)) {
        free_builder(&builder);
        callgraph_free(builder.graph);
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                          "out of memory while analysing the stack");
    }
    mark_broken(&builder);
    bool again = true;
    for (unsigned round = 0; again && builder.reports == 0; round++) {
        find_reachable(&builder, roots, root_count);
        again = false;
        if (builder.reports == 0 && narrow_sets(builder.graph) && round + 1 < ROUNDS_MAX &&
            (find_returns_again(builder.graph, &again) || (again && begin_again(&builder))))
            report(&builder, roots[0], FRAME_NO_MEMORY, 0, CODE_NONE);
    }
    free_builder(&builder);
    if (builder.reports) {
        callgraph_free(builder.graph);
        return -1;
    }
    *graph = builder.graph;
    return 0;
}

void callgraph_free(struct callgraph *graph)
{
    if (!graph)
        return;
    callee_free(&graph->sets);
    returns_free(&graph->returns);
    frames_free(&graph->frames);
    free(graph->reachable);
    free(graph->taken);
    free(graph->taker);
    free(graph);
}

struct callgraph_edges callgraph_edges_of(const struct callgraph *graph, uint32_t node)
{
    return (struct callgraph_edges){.graph = graph, .node = node};
}

static bool next_of_function(struct callgraph_edges *edges, struct callgraph_edge *edge)
{
    const struct callgraph *graph = edges->graph;
    const struct frame *frame = &graph->frames.frames[edges->node];
    while (edges->position < frame->edge_count) {
        const struct frame_edge *from = &graph->frames.edges[frame->first_edge + edges->position++];
        bool set = from->kind == FRAME_CALL_SET || from->kind == FRAME_TAIL_SET;
        if (from->kind == FRAME_REFERENCE)
            continue;
        *edge = (struct callgraph_edge){
            .node = from->target + (set ? graph->code->function_count : 0),
            .tail = from->kind == FRAME_TAIL || from->kind == FRAME_TAIL_SET,
            .instruction = from->instruction,
        };
        if (!edge->tail)
            edge->cost = from->height + 8; /* and the return address */
        return true;
    }
    return false;
}

bool callgraph_next_edge(struct callgraph_edges *edges, struct callgraph_edge *edge)
{
    const struct callgraph *graph = edges->graph;
    if (!callgraph_is_set(graph, edges->node))
        return next_of_function(edges, edge);
    const struct callee_set *set = &graph->sets.sets[edges->node - graph->code->function_count];
    if (edges->position == set->count)
        return false;
    *edge = (struct callgraph_edge){
        .node = graph->sets.members[set->first + edges->position++],
        .tail = true,
        .instruction = CODE_NONE,
    };
    return true;
}
