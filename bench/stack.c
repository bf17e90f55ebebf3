/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack_bench SHAPE FUNCTIONS ROUNDS: how long the stack analysis of a made-up call graph takes,
 * and how much memory. stack_bench FILE.rex ROUNDS: how long that of an object takes. Prints the
 * least CPU time of decoding and analysing, in microseconds, and the peak of the process above what
 * it had with the object alone, in bytes.
 */
#include "linker/stack.h"
#include "base/diag.h"
#include "linker/code.h"
#include "tests/stack/builder.h"

#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP 500u /* functions of a chain or of diamonds: as deep as a program may be */
#define CLIQUE 12u /* functions that all call each other */
#define SHARED_ID 1u
#define EVICTED ((size_t)96 << 20) /* more than any cache of the machine */

struct graph {
    struct builder *builder;
    uint32_t *functions;
    char **names; /* sorted: their numbers have leading zeros */
    uint32_t count;
    bool circular;
};

/* sub rsp, 8 ; each call behind a je over it ; add rsp, 8 ; return. Where all call each other that
 * is how any of them returns. */
static void may_call(struct graph *graph, uint32_t function, const uint32_t *callees,
                     uint32_t count)
{
    builder_begin(graph->builder, function);
    builder_sub(graph->builder, 8);
    for (uint32_t i = 0; i < count; i++) {
        builder_bytes(graph->builder, "\x74\x05", 2);
        builder_call(graph->builder, callees[i]);
    }
    builder_add(graph->builder, 8);
    builder_return(graph->builder);
    builder_end(graph->builder);
}

/* Heads of groups, called by the program in rows: an entry that calls each by itself. */
static void add_program(struct graph *graph, uint32_t step)
{
    uint32_t entry = builder_declare(graph->builder, "program");

    builder_begin_program(graph->builder, entry);
    builder_sub(graph->builder, 8);
    for (uint32_t i = 0; i < graph->count; i += step)
        builder_call(graph->builder, graph->functions[i]);
    builder_add(graph->builder, 8);
    builder_return(graph->builder);
    builder_end(graph->builder);
}

/* Each function calls the next one. */
static void chains(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        bool last = i % GROUP == GROUP - 1 || i + 1 == graph->count;
        builder_function(graph->builder, graph->functions[i], 8, &graph->functions[i + 1], !last);
    }
    add_program(graph, GROUP);
}

/* Pairs of functions that both call both of the next pair: 2^250 paths. */
static void diamonds(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        uint32_t next = i / 2 * 2 + 2;
        bool last = next / GROUP != i / GROUP || next + 1 >= graph->count;
        builder_function(graph->builder, graph->functions[i], 8, &graph->functions[next],
                         last ? 0 : 2);
    }
    add_program(graph, GROUP);
}

/* Groups of functions that all call all others: recursion that needs a check in all but one. */
static void cliques(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++) {
        uint32_t first = i / CLIQUE * CLIQUE, callees[CLIQUE], count = 0;
        for (uint32_t j = first; j < first + CLIQUE && j < graph->count; j++) {
            if (j != i)
                callees[count++] = graph->functions[j];
        }
        may_call(graph, graph->functions[i], callees, count);
    }
    graph->circular = true;
    add_program(graph, CLIQUE);
}

/* One circle of all functions. */
static void cycle(struct graph *graph)
{
    for (uint32_t i = 0; i < graph->count; i++)
        may_call(graph, graph->functions[i], &graph->functions[(i + 1) % graph->count], 1);
    graph->circular = true;
    add_program(graph, graph->count);
}

/* Half of the functions call through a pointer to any of the other half. */
static void pointers(struct graph *graph)
{
    const uint32_t half = graph->count / 2;

    for (uint32_t i = 0; i < half; i++) {
        builder_begin(graph->builder, graph->functions[i]);
        builder_sub(graph->builder, 8);
        builder_lea(graph->builder, graph->functions[half + i]);
        builder_indirect_call(graph->builder, SHARED_ID);
        builder_add(graph->builder, 8);
        builder_return(graph->builder);
        builder_end(graph->builder);
    }
    for (uint32_t i = half; i < graph->count; i++) {
        builder_begin_typed(graph->builder, graph->functions[i], SHARED_ID);
        builder_return(graph->builder);
        builder_end(graph->builder);
    }
    add_program(graph, 1);
}

static const struct {
    const char *name;
    void (*make)(struct graph *graph);
} shapes[] = {{"chains", chains},
              {"diamonds", diamonds},
              {"cliques", cliques},
              {"cycle", cycle},
              {"pointers", pointers}};

static int make(struct graph *graph, const char *shape, uint32_t count)
{
    *graph = (struct graph){.builder = builder_new(), .count = count};
    graph->functions = calloc((size_t)count + 2, sizeof(*graph->functions));
    graph->names = calloc((size_t)count + 1, sizeof(*graph->names));
    if (!graph->functions || !graph->names)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        if (asprintf(&graph->names[i], "function%08" PRIu32, i) < 0)
            return -1;
        graph->functions[i] = builder_declare(graph->builder, graph->names[i]);
    }
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        if (strcmp(shapes[i].name, shape) == 0) {
            shapes[i].make(graph);
            return 0;
        }
    }
    return -1;
}

/* A field of /proc/self/status, in bytes; 0 when it cannot be read. */
static uint64_t status(const char *field)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[256];
    uint64_t kilobytes = 0;

    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, field, strlen(field)) == 0)
            kilobytes = strtoull(line + strlen(field) + 1, NULL, 10);
    }
    if (file)
        fclose(file);
    return kilobytes * 1024;
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int analyse(const struct graph *graph, const struct object *object, double *time)
{
    struct stack_options options = {.round = graph->circular ? STACK_PLAN : STACK_FINAL,
                                    .cross_check = true, /* objects have what it needs */
                                    .may_check = (const char *const *)graph->names,
                                    .may_check_count = graph->count};
    struct diag_options diag_options = {.stream = stderr};
    struct diag *diag = diag_new(&diag_options);
    struct stack_result *result = NULL;
    struct code *code = NULL;
    double begun = seconds();
    int failed = code_read(diag, object, NULL, &code) ||
                 stack_analyse(diag, object, code, &options, &result);

    *time = seconds() - begun;
    stack_result_free(result);
    code_free(code);
    diag_free(diag);
    return failed;
}

/* A build analyses its image once: with nothing of it in the caches and on fresh pages. A round
 * after another would find a small image there, and a large one not. */
static void forget(void)
{
    static volatile unsigned char other[EVICTED];

    malloc_trim(0);
    for (size_t i = 0; i < sizeof(other); i += 64)
        other[i]++;
}

/* The time of the round that took least; negative when one failed. */
static double measure(const struct graph *graph, const struct object *object, unsigned long rounds)
{
    double best = -1;

    for (unsigned long i = 0; i < rounds; i++) {
        double time;
        forget();
        if (analyse(graph, object, &time))
            return -1;
        best = i == 0 || time < best ? time : best;
    }
    return best;
}

static int measure_file(const char *path, unsigned long rounds)
{
    struct diag_options options = {.stream = stderr};
    struct diag *diag = diag_new(&options);
    struct object *object = NULL;
    double time = -1;

    if (object_read_file(diag, path, &object) == 0)
        time = measure(&(struct graph){0}, object, rounds);
    object_free(object);
    diag_free(diag);
    if (time < 0)
        return 1;
    printf("%.1f\n", time * 1e6);
    return 0;
}

int main(int argc, char **argv)
{
    const unsigned long count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    const unsigned long rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    struct graph graph;
    double time;

    if (argc == 3)
        return measure_file(argv[1], strtoul(argv[2], NULL, 10));
    if (count < 2 || count > 10000000 || rounds == 0 || make(&graph, argv[1], (uint32_t)count)) {
        /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the process ends */
        fprintf(stderr,
                "usage: stack_bench chains|diamonds|cliques|cycle|pointers FUNCTIONS ROUNDS\n"
                "       stack_bench FILE.rex ROUNDS\n");
        return 2;
    }
    const struct object *object = builder_object(graph.builder);
    forget(); /* its own memory is none of the analysis' */
    const uint64_t before = status("VmRSS");
    time = measure(&graph, object, rounds);
    if (time < 0)
        return 1;
    const uint64_t peak = status("VmHWM");
    printf("%.1f %" PRIu64 " %" PRIu64 "\n", time * 1e6, peak - before, peak - EVICTED);
    for (unsigned long i = 0; i < count; i++)
        free(graph.names[i]);
    free(graph.names);
    free(graph.functions);
    builder_free(graph.builder);
    return 0;
}
