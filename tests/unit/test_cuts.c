/* SPDX-License-Identifier: Apache-2.0 */
/* Where circles are cut: as few checks as any choice would have, in time that grows with the graph.
 */
#include "linker/stack.h"
#include "tests/stack/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define SMALL 9u /* functions of a random graph */
#define CLIQUE 12u

enum arc { NO_ARC, TAIL_ARC, CALL_ARC };

struct graph {
    uint32_t count;
    enum arc arcs[SMALL][SMALL];
};

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u; /* Numerical Recipes */
    return *state >> 16;
}

static struct graph random_graph(uint32_t seed)
{
    struct graph graph = {.count = 2 + next_random(&seed) % (SMALL - 1)};
    uint32_t density = 1 + next_random(&seed) % 6;

    for (uint32_t i = 0; i < graph.count; i++)
        for (uint32_t j = 0; j < graph.count; j++)
            if (next_random(&seed) % 8 < density)
                graph.arcs[i][j] = next_random(&seed) % 4 ? CALL_ARC : TAIL_ARC;
    return graph;
}

/* Whether a call is on a circle of what is left: its end leads back to its beginning. */
static bool has_circle(const struct graph *graph, uint32_t cut)
{
    bool leads[SMALL][SMALL] = {{false}};

    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->count; j++)
            leads[i][j] =
                i == j || (graph->arcs[i][j] != NO_ARC && !(cut >> i & 1) && !(cut >> j & 1));
    for (uint32_t k = 0; k < graph->count; k++)
        for (uint32_t i = 0; i < graph->count; i++)
            for (uint32_t j = 0; j < graph->count; j++)
                leads[i][j] |= leads[i][k] && leads[k][j];
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->count; j++)
            if (graph->arcs[i][j] == CALL_ARC && !(cut >> i & 1) && !(cut >> j & 1) && leads[j][i])
                return true;
    return false;
}

static uint32_t fewest_cuts(const struct graph *graph)
{
    uint32_t fewest = graph->count;

    for (uint32_t cut = 0; cut < 1u << graph->count; cut++) {
        uint32_t size = (uint32_t)__builtin_popcount(cut);
        if (size < fewest && !has_circle(graph, cut))
            fewest = size;
    }
    return fewest;
}

/* How many checks a plan has, with all functions as candidates (names must be sorted), and how long
 * the analysis takes. For STACK_LOOK only the latter. */
static size_t analysed(struct builder *builder, const char names[][16], uint32_t count,
                       enum stack_round round, double *time)
{
    struct stack_options options = {.round = round, .may_check_count = count};
    struct stack_result *result = NULL;
    struct code *code = NULL;
    const char **sorted = calloc(count, sizeof(*sorted));

    assert_non_null(sorted);
    for (uint32_t i = 0; i < count; i++)
        sorted[i] = names[i];
    options.may_check = sorted;
    clock_t begun = clock();
    if (builder_analyse(builder, &options, &code, &result))
        fail_msg("not analysed: %s", builder_output(builder));
    *time = (double)(clock() - begun) / CLOCKS_PER_SEC;
    size_t checks = result->check_count;
    stack_result_free(result);
    code_free(code);
    free(sorted);
    return checks;
}

/* Functions that may call or jump to each other, each behind a conditional branch, as the graph
 * says; without one, in groups of CLIQUE that all call each other. */
static size_t checks_of(uint32_t count, const struct graph *graph, enum stack_round round,
                        double *time)
{
    struct builder *builder = builder_new();
    char(*names)[16] = calloc(count, sizeof(*names));
    uint32_t first = 0;

    assert_non_null(names);
    for (uint32_t i = 0; i < count; i++) {
        snprintf(names[i], sizeof(names[i]), "f%06u", i);
        uint32_t function = builder_declare(builder, names[i]);
        first = i ? first : function;
    }
    uint32_t group = graph ? graph->count : CLIQUE;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t base = i / group * group;
        builder_begin(builder, first + i);
        for (uint32_t j = 0; j < group && base + j < count; j++) {
            enum arc arc = graph ? graph->arcs[i][j] : base + j == i ? NO_ARC : CALL_ARC;
            if (arc == NO_ARC)
                continue;
            bool call = arc == CALL_ARC;
            builder_bytes(builder, call ? "\x74\x0d\x48\x83\xec\x08" : "\x74\x05", call ? 6 : 2);
            (call ? builder_call : builder_jump)(builder, first + base + j);
            if (call)
                builder_bytes(builder, "\x48\x83\xc4\x08", 4);
        }
        builder_return(builder);
        builder_end(builder);
    }
    uint32_t program = builder_declare(builder, "program");
    builder_begin_program(builder, program);
    builder_sub(builder, 8);
    for (uint32_t i = 0; i < count; i += graph ? 1 : CLIQUE)
        builder_call(builder, first + i);
    builder_add(builder, 8);
    builder_return(builder);
    builder_end(builder);
    size_t checks = analysed(builder, names, count, round, time);
    free(names);
    builder_free(builder);
    return checks;
}

static void small_graphs_get_the_fewest(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 100; seed++) {
        struct graph graph = random_graph(seed);
        double time;
        size_t found = checks_of(graph.count, &graph, STACK_PLAN, &time);
        if (found != fewest_cuts(&graph))
            fail_msg("seed %u: %zu checks, and %u are enough", seed, found, fewest_cuts(&graph));
    }
}

/* Looking at a graph is linear in its size. Finding the cuts takes no more than a few times as
 * long; trying all sets of 12 functions took 40 times. */
static void cliques_of_any_number_take_linear_time(void **state)
{
    double look, plan;

    (void)state;
    checks_of(1000 * CLIQUE, NULL, STACK_LOOK, &look);
    assert_int_equal(checks_of(1000 * CLIQUE, NULL, STACK_PLAN, &plan), 1000 * (CLIQUE - 1));
    print_message("%.3f s to look at 1000 cliques, %.3f s to cut them\n", look, plan);
    assert_true(plan < 8 * look);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_graphs_get_the_fewest),
        cmocka_unit_test(cliques_of_any_number_take_linear_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
