/* SPDX-License-Identifier: Apache-2.0 */
/* Who may call whom, and what that costs: bounds of graphs whose answer is known. */
#include "linker/stack.h"
#include "tests/stack/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct answer {
    struct code *code;
    struct stack_result *result;
};

/* Analyses as a finished object; the bound of the first program. */
static uint32_t bound_of(struct builder *builder, struct answer *answer)
{
    struct stack_options options = {.round = STACK_FINAL};
    if (builder_analyse(builder, &options, &answer->code, &answer->result))
        fail_msg("not analysed: %s", builder_output(builder));
    const struct stack_root *root = &answer->result->programs[0];
    uint64_t sum = 0;
    for (size_t i = 0; i < root->path_length; i++)
        sum += root->path[i].bytes;
    assert_int_equal(sum, root->bound); /* the path is what the bound says */
    return root->bound;
}

static unsigned error_of(struct builder *builder)
{
    struct stack_options options = {.round = STACK_FINAL};
    struct answer answer;
    assert_int_not_equal(builder_analyse(builder, &options, &answer.code, &answer.result), 0);
    assert_null(answer.result);
    code_free(answer.code);
    return builder_error(builder);
}

static void release(struct builder *builder, struct answer *answer)
{
    stack_result_free(answer->result);
    code_free(answer->code);
    builder_free(builder);
}

static bool has_unused_id(const struct answer *answer, const struct builder *builder,
                          uint32_t function)
{
    uint32_t index = builder_index(builder, answer->code, function);
    for (size_t i = 0; i < answer->result->unused_id_count; i++)
        if (answer->result->unused_ids[i] == index)
            return true;
    return false;
}

static uint32_t leaf(struct builder *builder, uint32_t frame)
{
    uint32_t function = builder_declare(builder, NULL);
    builder_function(builder, function, frame, NULL, 0);
    return function;
}

/* The program: sub rsp, 16 ; call each ; add rsp, 16 ; return. */
static void program(struct builder *builder, const uint32_t *callees, size_t count)
{
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    for (size_t i = 0; i < count; i++)
        builder_call(builder, callees[i]);
    builder_add(builder, 16);
    builder_return(builder);
    builder_end(builder);
}

static void a_leaf_costs_its_frame(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    program(builder, NULL, 0);
    assert_int_equal(bound_of(builder, &answer), 16);
    assert_int_equal(answer.result->panic.bound, 8);
    assert_false(answer.result->circular);
    release(builder, &answer);
}

static void a_call_costs_its_return_address(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t callees[] = {leaf(builder, 104), leaf(builder, 24)};
    program(builder, callees, 2);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 104);
    release(builder, &answer);
}

static void the_height_is_that_of_the_call(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t deep = leaf(builder, 200);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 1000);
    builder_add(builder, 1000);
    builder_sub(builder, 16);
    builder_call(builder, deep);
    builder_add(builder, 16);
    builder_return(builder);
    builder_end(builder);
    assert_int_equal(bound_of(builder, &answer), 1000); /* and not 1208, nor 224 */
    release(builder, &answer);
}

static void a_tail_jump_replaces_the_frame(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t deep = leaf(builder, 200);
    uint32_t through = builder_declare(builder, NULL);
    builder_begin(builder, through);
    builder_sub(builder, 96);
    builder_add(builder, 96);
    builder_jump(builder, deep);
    builder_end(builder);
    program(builder, &through, 1);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 200);
    assert_true(answer.result->programs[0].path[1].tail);
    release(builder, &answer);
}

static void an_import_costs_its_return_address(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t callee = builder_declare(builder, NULL);
    builder_begin(builder, callee);
    builder_sub(builder, 40);
    builder_panic(builder); /* never returns: nothing follows */
    builder_end(builder);
    program(builder, &callee, 1);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 40 + 8);
    release(builder, &answer);
}

static void diamonds_take_no_time(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    uint32_t next = leaf(builder, 8);
    (void)state;
    for (unsigned i = 0; i < 60; i++) { /* 2^60 paths */
        uint32_t sides[2] = {builder_declare(builder, NULL), builder_declare(builder, NULL)};
        builder_function(builder, sides[0], 8, &next, 1);
        builder_function(builder, sides[1], 16, &next, 1);
        next = builder_declare(builder, NULL);
        builder_function(builder, next, 24, sides, 2);
    }
    program(builder, &next, 1);
    struct timespec start, end;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 60 * (24 + 8 + 16 + 8) + 8);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    assert_true(end.tv_sec - start.tv_sec <= 1);
    release(builder, &answer);
}

#define ID_A 0x11111111u
#define ID_B 0x22222222u

static uint32_t typed_leaf(struct builder *builder, uint32_t id, uint32_t frame)
{
    uint32_t function = builder_declare(builder, NULL);
    builder_begin_typed(builder, function, id);
    builder_sub(builder, frame);
    builder_add(builder, frame);
    builder_return(builder);
    builder_end(builder);
    return function;
}

/* sub rsp, 8 ; lea each ; indirect call of the id ; ... */
static void indirect_program(struct builder *builder, const uint32_t *taken, size_t count,
                             uint32_t id)
{
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    for (size_t i = 0; i < count; i++)
        builder_lea(builder, taken[i]);
    builder_indirect_call(builder, id);
    builder_add(builder, 16);
    builder_return(builder);
    builder_end(builder);
}

static void an_indirect_call_reaches_every_member(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t members[] = {typed_leaf(builder, ID_A, 24), typed_leaf(builder, ID_A, 120),
                          typed_leaf(builder, ID_A, 56)};
    uint32_t other = typed_leaf(builder, ID_B, 4000);
    builder_relocate(builder, other);
    builder_relocate(builder, members[1]);
    uint32_t taken[] = {members[0], members[2]};
    indirect_program(builder, taken, 2, ID_A);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 120);
    assert_int_equal(answer.result->graph->sets.sets[0].count, 3);
    assert_int_equal(answer.result->graph->taken[builder_index(builder, answer.code, members[1])],
                     CALLGRAPH_TAKEN_BY_RELOCATION);
    assert_false(has_unused_id(&answer, builder, members[0]));
    assert_false(has_unused_id(&answer, builder, members[1]));
    assert_true(has_unused_id(&answer, builder, other)); /* nobody demands its id */
    release(builder, &answer);
}

static void what_nothing_points_to_is_no_member(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t used = typed_leaf(builder, ID_A, 24);
    uint32_t unused = typed_leaf(builder, ID_A, 4000);
    uint32_t unreachable = builder_declare(builder, NULL);
    builder_begin(builder, unreachable);
    builder_lea(builder, unused);
    builder_return(builder);
    builder_end(builder);
    indirect_program(builder, &used, 1, ID_A);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 24);
    assert_int_equal(answer.result->graph->sets.sets[0].count, 1);
    assert_true(has_unused_id(&answer, builder, unused)); /* so that the check refuses it too */
    assert_false(has_unused_id(&answer, builder, used));
    release(builder, &answer);
}

static void another_id_is_another_set(void **state)
{
    static const uint32_t others[] = {0, 1, ID_B - 1, ID_B + 1, UINT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct builder *builder = builder_new();
        struct answer answer;
        uint32_t taken[] = {typed_leaf(builder, ID_B, 24), typed_leaf(builder, others[i], 4000)};
        indirect_program(builder, taken, 2, ID_B);
        assert_int_equal(bound_of(builder, &answer), 16 + 8 + 24);
        assert_true(has_unused_id(&answer, builder, taken[1]));
        release(builder, &answer);
    }
}

static void members_bring_members(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t second = typed_leaf(builder, ID_A, 4000);
    uint32_t first = builder_declare(builder, NULL);
    builder_begin_typed(builder, first, ID_A);
    builder_lea(builder, second);
    builder_return(builder);
    builder_end(builder);
    indirect_program(builder, &first, 1, ID_A);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 4000);
    release(builder, &answer);
}

static void an_address_may_be_taken_after_the_call_was_seen(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t member = typed_leaf(builder, ID_A, 4000);
    uint32_t taker = builder_declare(builder, NULL);
    builder_begin(builder, taker);
    builder_lea(builder, member);
    builder_return(builder);
    builder_end(builder);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    builder_indirect_call(builder, ID_A);
    builder_call(builder, taker);
    builder_add(builder, 16);
    builder_return(builder);
    builder_end(builder);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 4000);
    release(builder, &answer);
}

static void an_indirect_jump_replaces_the_frame(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t member = typed_leaf(builder, ID_A, 72);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_lea(builder, member);
    builder_indirect_jump(builder, ID_A);
    builder_end(builder);
    assert_int_equal(bound_of(builder, &answer), 72);
    release(builder, &answer);
}

static void a_set_may_be_empty(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    builder_indirect_call(builder,
                          ID_A); /* no such function: the check's trap is all that it reaches */
    builder_end(builder);
    assert_int_equal(bound_of(builder, &answer), 16 + 8);
    release(builder, &answer);
}

static void a_set_that_never_returns_may_end_a_function(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t member = builder_declare(builder, NULL);
    builder_begin_typed(builder, member, ID_A);
    builder_sub(builder, 8);
    builder_panic(builder);
    builder_end(builder);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    builder_lea(builder, member);
    builder_indirect_call(builder, ID_A);
    builder_end(builder);
    assert_int_equal(bound_of(builder, &answer), 16 + 8 + 8 + 8);
    release(builder, &answer);
}

static void a_set_that_may_return_must_not_end_a_function(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    uint32_t member = typed_leaf(builder, ID_A, 8);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    builder_lea(builder, member);
    builder_indirect_call(builder, ID_A);
    builder_end(builder);
    assert_int_equal(error_of(builder), 606);
    builder_free(builder);
}

static uint32_t faulty(struct builder *builder)
{
    uint32_t function = builder_declare(builder, "faulty");
    builder_begin(builder, function);
    builder_bytes(builder, "\x48\x29\xc4", 3); /* sub rsp, rax */
    builder_return(builder);
    builder_end(builder);
    return function;
}

static void only_what_is_reachable_is_at_fault(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    faulty(builder);
    program(builder, NULL, 0);
    assert_int_equal(bound_of(builder, &answer), 16);
    release(builder, &answer);

    builder = builder_new();
    uint32_t function = faulty(builder);
    program(builder, &function, 1);
    assert_int_equal(error_of(builder), 602);
    assert_non_null(strstr(builder_output(builder), "in faulty at 0x"));
    assert_non_null(strstr(builder_output(builder), "sub rsp, rax"));
    builder_free(builder);
}

/* A branch that skips the check of an indirect call. */
static void checks_cannot_be_skipped(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    uint32_t member = typed_leaf(builder, ID_A, 8);
    uint32_t function = builder_declare(builder, "program");
    builder_begin_program(builder, function);
    builder_sub(builder, 16);
    builder_bytes(builder, "\x74\x0e", 2); /* je over mov, add, je, ud2 to the call */
    builder_indirect_call(builder, ID_A);
    builder_lea(builder, member);
    builder_add(builder, 16);
    builder_return(builder);
    builder_end(builder);
    assert_int_equal(error_of(builder), 607);
    assert_non_null(strstr(builder_output(builder), "past the beginning of the check"));
    builder_free(builder);
}

static void overlapping_functions_are_refused(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    uint32_t outer = builder_declare(builder, NULL);
    uint32_t inner = builder_declare(builder, NULL);
    builder_begin(builder, outer);
    builder_bytes(builder, "\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90", 16);
    builder_end(builder);
    builder_begin(builder, inner);
    builder_return(builder);
    builder_end(builder);
    builder_extend(builder, outer, 5);
    program(builder, &inner, 1);
    assert_int_equal(error_of(builder), 607);
    builder_free(builder);
}

#define LARGE 100000u

/* Seconds that the analysis of a chain, or a ring of tail jumps, of that many functions takes. */
static double time_of_graph(uint32_t count, bool ring)
{
    struct builder *builder = builder_new();
    struct answer answer;
    uint32_t *functions = calloc(count, sizeof(*functions));
    assert_non_null(functions);
    for (uint32_t i = 0; i < count; i++)
        functions[i] = builder_declare(builder, NULL);
    for (uint32_t i = 0; i < count; i++) {
        if (!ring) {
            builder_function(builder, functions[i], 0, i ? &functions[i - 1] : NULL, i ? 1 : 0);
            continue;
        }
        builder_begin(builder, functions[i]);
        builder_sub(builder, i % 64 * 8);
        builder_add(builder, i % 64 * 8);
        builder_bytes(builder, "\x74\x05", 2); /* je over the jump */
        builder_jump(builder, functions[(i + 1) % count]);
        builder_return(builder);
        builder_end(builder);
    }
    program(builder, &functions[count - 1], 1);
    struct timespec start, end;
    struct stack_options options = {.round = STACK_FINAL};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
    int failed = builder_analyse(builder, &options, &answer.code, &answer.result);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    if (ring) {
        assert_int_equal(failed, 0);
        assert_int_equal(answer.result->programs[0].bound, 16 + 8 + 63 * 8);
    } else {
        assert_int_not_equal(failed, 0); /* 16 + 100,000 return addresses */
        assert_int_equal(builder_error(builder), 600);
    }
    free(functions);
    release(builder, &answer);
    return (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
}

static void large_graphs_take_linear_time(void **state)
{
    (void)state;
    for (int ring = 0; ring < 2; ring++) {
        double small = time_of_graph(LARGE / 10, ring);
        double large = time_of_graph(LARGE, ring);
        print_message("%s: %.3f s for %u functions, %.3f s for %u\n", ring ? "ring" : "chain",
                      small, LARGE / 10, large, LARGE);
        assert_true(large < 40 * small + 1); /* quadratic would be 100 times */
    }
}

static void objects_without_the_parts_they_need(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    leaf(builder, 8);
    assert_int_equal(error_of(builder), 611);
    builder_free(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_leaf_costs_its_frame),
        cmocka_unit_test(a_call_costs_its_return_address),
        cmocka_unit_test(the_height_is_that_of_the_call),
        cmocka_unit_test(a_tail_jump_replaces_the_frame),
        cmocka_unit_test(an_import_costs_its_return_address),
        cmocka_unit_test(diamonds_take_no_time),
        cmocka_unit_test(an_indirect_call_reaches_every_member),
        cmocka_unit_test(what_nothing_points_to_is_no_member),
        cmocka_unit_test(another_id_is_another_set),
        cmocka_unit_test(members_bring_members),
        cmocka_unit_test(an_address_may_be_taken_after_the_call_was_seen),
        cmocka_unit_test(an_indirect_jump_replaces_the_frame),
        cmocka_unit_test(a_set_may_be_empty),
        cmocka_unit_test(a_set_that_never_returns_may_end_a_function),
        cmocka_unit_test(a_set_that_may_return_must_not_end_a_function),
        cmocka_unit_test(only_what_is_reachable_is_at_fault),
        cmocka_unit_test(checks_cannot_be_skipped),
        cmocka_unit_test(overlapping_functions_are_refused),
        cmocka_unit_test(large_graphs_take_linear_time),
        cmocka_unit_test(objects_without_the_parts_they_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
