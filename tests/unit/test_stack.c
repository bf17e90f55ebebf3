/* SPDX-License-Identifier: Apache-2.0 */
/* Recursion, checks, limits, and what is said of them. */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/stack.h"
#include "linker/stack_diff.h"
#include "linker/stack_report.h"
#include "runtime/abi/rex_abi.h"
#include "tests/stack/builder.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct answer {
    struct code *code;
    struct stack_result *result;
};

static void analyse(struct builder *builder, const struct stack_options *options,
                    struct answer *answer)
{
    if (builder_analyse(builder, options, &answer->code, &answer->result))
        fail_msg("not analysed: %s", builder_output(builder));
}

static unsigned error_of(struct builder *builder, const struct stack_options *options)
{
    struct answer answer;
    assert_int_not_equal(builder_analyse(builder, options, &answer.code, &answer.result), 0);
    code_free(answer.code);
    return builder_error(builder);
}

static void forget(struct answer *answer)
{
    stack_result_free(answer->result);
    code_free(answer->code);
}

static const struct stack_options final = {.round = STACK_FINAL};

/* Names f0 to f199, sorted: all that builder_declare(NULL) can give here. */
static const char *const *all_names(size_t *count)
{
    static char text[200][8];
    static const char *names[200];
    size_t n = 0;
    /* strcmp order: 0, 1, 10, 100, ..., 199, 11, 110, ... is a walk over digits. */
    for (unsigned i = 0; i < 10; i++) {
        snprintf(text[n], sizeof(text[n]), "f%u", i);
        names[n] = text[n];
        n++;
        for (unsigned j = 0; i && j < 10; j++) {
            snprintf(text[n], sizeof(text[n]), "f%u", 10 * i + j);
            names[n] = text[n];
            n++;
            for (unsigned k = 0; i == 1 && k < 10; k++) {
                snprintf(text[n], sizeof(text[n]), "f%u", 100 * i + 10 * j + k);
                names[n] = text[n];
                n++;
            }
        }
    }
    *count = n;
    return names;
}

static struct stack_options plan(void)
{
    struct stack_options options = {.round = STACK_PLAN};
    options.may_check = all_names(&options.may_check_count);
    return options;
}

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

/* A function that may return without calling: je over the calls. */
static void maybe_calls(struct builder *builder, uint32_t function, uint32_t frame,
                        const uint32_t *callees, size_t count)
{
    builder_begin(builder, function);
    builder_sub(builder, frame);
    for (size_t i = 0; i < count; i++) {
        builder_bytes(builder, "\x74\x05", 2);
        builder_call(builder, callees[i]);
    }
    builder_add(builder, frame);
    builder_return(builder);
    builder_end(builder);
}

static size_t planned(const struct answer *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < answer->result->check_count; i++)
        count += answer->result->checks[i].planned;
    return count;
}

static bool is_planned(const struct answer *answer, const struct builder *builder,
                       uint32_t function)
{
    uint32_t index = builder_index(builder, answer->code, function);
    for (size_t i = 0; i < answer->result->check_count; i++)
        if (answer->result->checks[i].function == index)
            return answer->result->checks[i].planned;
    return false;
}

static void recursion_needs_a_check(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    (void)state;
    uint32_t self = builder_declare(builder, NULL);
    maybe_calls(builder, self, 56, &self, 1);
    program(builder, &self, 1);
    assert_int_equal(error_of(builder, &final), 609);
    analyse(builder, &options, &answer);
    assert_true(answer.result->circular);
    assert_true(answer.result->programs[0].checked);
    assert_int_equal(planned(&answer), 1);
    assert_int_equal(answer.result->checks[0].circle_length, 1);
    forget(&answer);
    builder_free(builder);
}

static void a_look_says_only_whether_there_is_a_ring(void **state)
{
    static const struct stack_options look = {.round = STACK_LOOK};
    struct answer answer;
    (void)state;
    for (int ring = 0; ring < 2; ring++) {
        struct builder *builder = builder_new();
        uint32_t core = builder_declare(builder, "core_a");
        maybe_calls(builder, core, 56, &core, ring ? 1 : 0);
        program(builder, &core, 1);
        analyse(builder, &look, &answer);
        assert_int_equal(answer.result->circular, ring);
        assert_int_equal(answer.result->check_count, 0);
        assert_int_equal(answer.result->programs[0].bound, ring ? 0 : 16 + 8 + 56);
        forget(&answer);
        builder_free(builder);
    }
}

static void a_ring_of_tail_jumps_needs_none(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t even = builder_declare(builder, NULL), odd = builder_declare(builder, NULL);
    for (int i = 0; i < 2; i++) {
        builder_begin(builder, i ? odd : even);
        builder_sub(builder, i ? 200 : 40);
        builder_add(builder, i ? 200 : 40);
        builder_bytes(builder, "\x74\x05", 2);
        builder_jump(builder, i ? even : odd);
        builder_return(builder);
        builder_end(builder);
    }
    program(builder, &even, 1);
    analyse(builder, &final, &answer);
    assert_false(answer.result->circular);
    assert_int_equal(answer.result->programs[0].bound, 16 + 8 + 200);
    forget(&answer);
    builder_free(builder);
}

static void a_ring_with_one_call_needs_one(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    (void)state;
    uint32_t first = builder_declare(builder, NULL), second = builder_declare(builder, NULL);
    maybe_calls(builder, first, 24, &second, 1);
    builder_begin(builder, second);
    builder_bytes(builder, "\x74\x05", 2);
    builder_jump(builder, first);
    builder_return(builder);
    builder_end(builder);
    program(builder, &first, 1);
    analyse(builder, &options, &answer);
    assert_int_equal(planned(&answer), 1);
    assert_int_equal(answer.result->checks[0].circle_length, 2);
    forget(&answer);
    builder_free(builder);
}

static void two_rings_share_a_check(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    (void)state;
    uint32_t left = builder_declare(builder, NULL), middle = builder_declare(builder, NULL),
             right = builder_declare(builder, NULL);
    uint32_t both[] = {left, right};
    maybe_calls(builder, left, 24, &middle, 1);
    maybe_calls(builder, right, 24, &middle, 1);
    maybe_calls(builder, middle, 24, both, 2);
    program(builder, &left, 1);
    analyse(builder, &options, &answer);
    assert_int_equal(planned(&answer), 1);
    assert_true(is_planned(&answer, builder, middle));
    forget(&answer);
    builder_free(builder);
}

static size_t checks_of_clique(uint32_t size)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    uint32_t *functions = calloc(size, sizeof(*functions));
    assert_non_null(functions);
    for (uint32_t i = 0; i < size; i++)
        functions[i] = builder_declare(builder, NULL);
    for (uint32_t i = 0; i < size; i++)
        maybe_calls(builder, functions[i], 24, functions, size);
    program(builder, functions, 1);
    analyse(builder, &options, &answer);
    size_t count = planned(&answer);
    forget(&answer);
    free(functions);
    builder_free(builder);
    return count;
}

/* Each function calls itself and all others: every one needs a check. */
static void cliques_need_all(void **state)
{
    (void)state;
    assert_int_equal(checks_of_clique(3), 3);
    assert_int_equal(checks_of_clique(40), 40);
}

/* Rings of 3, each with its own node that is on nothing else, through one hub: greedy and exact
 * both find it. */
static void a_hub_is_enough_at_any_size(void **state)
{
    (void)state;
    for (uint32_t rings = 2; rings <= 80; rings *= 4) {
        struct builder *builder = builder_new();
        struct answer answer;
        struct stack_options options = plan();
        uint32_t hub = builder_declare(builder, NULL);
        uint32_t firsts[80];
        for (uint32_t i = 0; i < rings; i++) {
            uint32_t second = builder_declare(builder, NULL);
            firsts[i] = builder_declare(builder, NULL);
            maybe_calls(builder, second, 8, &hub, 1);
            maybe_calls(builder, firsts[i], 8, &second, 1);
        }
        maybe_calls(builder, hub, 8, firsts, rings);
        program(builder, &hub, 1);
        analyse(builder, &options, &answer);
        assert_int_equal(planned(&answer), 1);
        assert_true(is_planned(&answer, builder, hub));
        forget(&answer);
        builder_free(builder);
    }
}

static void rings_outside_the_program_cannot_be_cut(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    static const char *const core[] = {"core_a"};
    (void)state;
    uint32_t a = builder_declare(builder, "core_a"), b = builder_declare(builder, "core_b");
    maybe_calls(builder, a, 24, &b, 1);
    maybe_calls(builder, b, 24, &a, 1);
    program(builder, &a, 1);
    assert_int_equal(error_of(builder, &options), 609);
    assert_non_null(strstr(builder_output(builder), "calls core_"));

    options.checked = core;
    options.checked_count = 1;
    analyse(builder, &options, &answer);
    assert_int_equal(planned(&answer), 0); /* core's own check does it */
    assert_int_equal(answer.result->check_count, 1);
    forget(&answer);
    builder_free(builder);
}

/* Recursion that passes through a function pointer: the set is on the circle, the function gets the
 * check. */
static void rings_through_pointers_are_found(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    (void)state;
    uint32_t member = builder_declare(builder, NULL);
    builder_begin_typed(builder, member, 0x11111111);
    builder_sub(builder, 24);
    builder_lea(builder, member);
    builder_indirect_call(builder, 0x11111111);
    builder_add(builder, 24);
    builder_return(builder);
    builder_end(builder);
    program(builder, &member, 1);
    assert_int_equal(error_of(builder, &final), 609); /* and nothing in it returns */
    builder_free(builder);

    builder = builder_new();
    member = builder_declare(builder, NULL);
    builder_begin_typed(builder, member, 0x11111111);
    builder_sub(builder, 24);
    builder_bytes(builder, "\x74\x1a", 2); /* je over the call */
    builder_lea(builder, member);
    builder_indirect_call(builder, 0x11111111);
    builder_add(builder, 24);
    builder_return(builder);
    builder_end(builder);
    program(builder, &member, 1);
    assert_int_equal(error_of(builder, &final), 609);
    analyse(builder, &options, &answer);
    assert_int_equal(planned(&answer), 1);
    assert_int_equal(answer.result->checks[0].circle_length, 1);
    forget(&answer);
    builder_free(builder);
}

/* checked -> body -> {checked, deep}: the need is what lies below checked's entry down to itself or
 * deep's leaf. */
static struct builder *checked_program(uint32_t need, uint32_t first_frame)
{
    struct builder *builder = builder_new();
    uint32_t checked = builder_declare(builder, "checked"),
             body = builder_declare(builder, "checked.rex_body"),
             first = builder_declare(builder, NULL), deep = builder_declare(builder, NULL);
    uint32_t callees[] = {checked, deep};
    builder_check(builder, checked, need, body);
    maybe_calls(builder, body, 56, callees, 2);
    builder_function(builder, deep, 104, NULL, 0);
    builder_function(builder, first, first_frame, &checked, 1);
    program(builder, &first, 1);
    return builder;
}

#define NEED (56 + 8 + 104)

static void checks_demand_what_is_needed(void **state)
{
    struct answer answer;
    struct stack_options needs = {.round = STACK_NEEDS};
    (void)state;
    struct builder *builder = checked_program(NEED, 40);
    analyse(builder, &final, &answer);
    const struct stack_root *root = &answer.result->programs[0];
    assert_true(root->checked);
    assert_int_equal(root->bound, 16 + 8 + 40 + 8);
    assert_int_equal(answer.result->check_count, 1);
    assert_int_equal(answer.result->checks[0].need, NEED);
    assert_int_equal(answer.result->checks[0].encoded, NEED);
    assert_int_equal(answer.result->need_count, 1);
    assert_string_equal(answer.result->needs[0].name, "checked");
    forget(&answer);
    builder_free(builder);

    builder = checked_program(NEED - 1, 40);
    assert_int_equal(error_of(builder, &final), 610);
    analyse(builder, &needs, &answer);
    assert_int_equal(answer.result->needs[0].bytes, NEED);
    forget(&answer);
    builder_free(builder);

    builder = checked_program(NEED + 1000, 40); /* more than needed is safe */
    analyse(builder, &final, &answer);
    forget(&answer);
    builder_free(builder);
}

static void checks_are_known_byte_by_byte(void **state)
{
    (void)state;
    static const size_t opcodes[] = {0,  1,  2,  3,  4,  5,  6,  7,  12,
                                     13, 14, 19, 20, 21, 22, 23, 24, 29};
    for (size_t i = 0; i < sizeof(opcodes) / sizeof(opcodes[0]); i++) {
        struct builder *builder = checked_program(NEED, 40);
        const struct object *object = builder_object(builder);
        uint64_t address = object_symbol(object, "checked")->value;
        uint8_t *byte = (uint8_t *)object_bytes_at(object, address + opcodes[i], 1);
        *byte ^= 1; /* whatever it is now, it is no check */
        assert_in_range(error_of(builder, &final), 600, 612);
        builder_free(builder);
    }
}

/* Adds to a 32-bit number in the check of checked_program(). */
static void patch(struct builder *builder, size_t offset, int32_t change)
{
    const struct object *object = builder_object(builder);
    uint64_t address = object_symbol(object, "checked")->value;
    uint8_t *bytes = (uint8_t *)object_bytes_at(object, address + offset, 4);
    int32_t value;
    memcpy(&value, bytes, sizeof(value));
    value += change;
    memcpy(bytes, &value, sizeof(value));
}

static void checks_look_at_the_right_things(void **state)
{
    (void)state;
    struct builder *builder = checked_program(NEED, 40);
    patch(builder, 15, -8); /* the slot before that of rex_cpu */
    assert_int_equal(error_of(builder, &final), 609);
    builder_free(builder);

    builder = checked_program(NEED, 40);
    const struct object *object = builder_object(builder);
    patch(builder, 25, /* another import than rex_stack_overflow */
          (int32_t)object_symbol(object, "__rex_import_rex_panic")->value -
              (int32_t)object_symbol(object, "__rex_import_rex_stack_overflow")->value);
    assert_int_equal(error_of(builder, &final), 609);
    builder_free(builder);

    builder = checked_program(NEED, 40);
    patch(builder, 8, 2 * NEED); /* [rsp + need] */
    assert_int_equal(error_of(builder, &final), 609);
    builder_free(builder);
}

static void the_way_to_the_first_check_must_fit(void **state)
{
    struct answer answer;
    (void)state;
    struct builder *builder = checked_program(NEED, REX_STACK_PROGRAM - 32);
    analyse(builder, &final, &answer);
    assert_int_equal(answer.result->programs[0].bound, REX_STACK_PROGRAM);
    forget(&answer);
    builder_free(builder);

    builder = checked_program(NEED, REX_STACK_PROGRAM - 32 + 8);
    assert_int_equal(error_of(builder, &final), 600);
    assert_non_null(strstr(builder_output(builder), "before its first check"));
    builder_free(builder);
}

static void checks_that_cannot_be_passed_are_refused(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    uint32_t checked = builder_declare(builder, "checked"),
             body = builder_declare(builder, "checked.rex_body");
    builder_check(builder, checked, 20008, body);
    maybe_calls(builder, body, 20000, &checked, 1);
    program(builder, &checked, 1);
    assert_int_equal(error_of(builder, &final), 600);
    builder_free(builder);
}

static void check_in_an_acyclic_program_changes_nothing(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t checked = builder_declare(builder, "checked"),
             body = builder_declare(builder, "checked.rex_body");
    builder_check(builder, checked, 104, body);
    builder_function(builder, body, 104, NULL, 0);
    program(builder, &checked, 1);
    analyse(builder, &final, &answer);
    assert_false(answer.result->programs[0].checked);
    assert_int_equal(answer.result->programs[0].bound, 16 + 8 + 104);
    forget(&answer);
    builder_free(builder);
}

/* Core's checks are where core's own circles are, which need not be this object's. */
static void a_check_on_no_circle_cuts_nothing(void **state)
{
    struct builder *builder = builder_new();
    struct stack_options needs = {.round = STACK_NEEDS};
    struct answer answer;
    (void)state;
    uint32_t idle = builder_declare(builder, "idle"),
             idle_body = builder_declare(builder, "idle.rex_body"),
             checked = builder_declare(builder, "checked"),
             body = builder_declare(builder, "checked.rex_body");
    uint32_t both[] = {checked, idle};
    builder_check(builder, idle, 0, idle_body);
    builder_function(builder, idle_body, 200, NULL, 0);
    builder_check(builder, checked, 40 + 8 + 200, body);
    maybe_calls(builder, body, 40, both, 2);
    program(builder, both, 2);
    analyse(builder, &final, &answer);
    assert_true(answer.result->programs[0].checked);
    assert_int_equal(answer.result->programs[0].bound, 16 + 8 + 200);
    assert_int_equal(answer.result->check_count, 1);
    assert_string_equal(answer.result->checks[0].name, "checked");
    assert_int_equal(answer.result->checks[0].circle_length, 2);
    assert_int_equal(answer.result->checks[0].need, 40 + 8 + 200);
    forget(&answer);
    analyse(builder, &needs, &answer);
    assert_int_equal(answer.result->need_count, 2);
    assert_string_equal(answer.result->needs[1].name, "idle");
    assert_int_equal(answer.result->needs[1].bytes, 0);
    forget(&answer);
    builder_free(builder);
}

static struct builder *deep_program(uint32_t frame)
{
    struct builder *builder = builder_new();
    uint32_t deep = builder_declare(builder, "_RNvCs1_7example4deep");
    builder_function(builder, deep, frame, NULL, 0);
    program(builder, &deep, 1);
    return builder;
}

static void the_limit_is_exact(void **state)
{
    struct answer answer;
    struct stack_options lower = {.round = STACK_FINAL, .limit = 512};
    (void)state;
    struct builder *builder = deep_program(REX_STACK_PROGRAM - 24);
    analyse(builder, &final, &answer);
    assert_int_equal(answer.result->programs[0].bound, REX_STACK_PROGRAM);
    forget(&answer);
    assert_int_equal(error_of(builder, &lower), 600);
    builder_free(builder);

    builder = deep_program(REX_STACK_PROGRAM - 16);
    assert_int_equal(error_of(builder, &final), 600);
    const char *output = builder_output(builder);
    assert_non_null(strstr(output,
                           "this program may need 16392 bytes of stack; it gets 16384 (8 too "
                           "many)"));
    assert_non_null(strstr(output, "     +24  program\n"));
    assert_non_null(strstr(output, "  +16368  example::deep\n"));
    assert_non_null(strstr(output, "   16392  bytes in all\n"));
    builder_free(builder);
}

static void the_panic_body_has_its_own_limit(void **state)
{
    struct answer answer;
    (void)state;
    for (int over = 0; over < 2; over++) {
        struct builder *builder = builder_new();
        builder_function(builder, builder_find(builder, "__rex_panic_body"),
                         REX_PANIC_STACK + (over ? 8 : 0), NULL, 0);
        program(builder, NULL, 0);
        if (over) {
            assert_int_equal(error_of(builder, &final), 612);
        } else {
            analyse(builder, &final, &answer);
            assert_int_equal(answer.result->panic.bound, REX_PANIC_STACK);
            forget(&answer);
        }
        builder_free(builder);
    }
}

static void a_panic_body_may_be_recursive(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    struct stack_options options = plan();
    (void)state;
    uint32_t self = builder_declare(builder, NULL);
    maybe_calls(builder, self, 24, &self, 1);
    builder_function(builder, builder_find(builder, "__rex_panic_body"), 8, &self, 1);
    program(builder, NULL, 0);
    assert_int_equal(error_of(builder, &final), 609);
    analyse(builder, &options, &answer);
    assert_true(answer.result->panic.checked);
    assert_false(answer.result->programs[0].checked);
    assert_int_equal(answer.result->programs[0].bound, 16);
    forget(&answer);
    builder_free(builder);
}

static void the_timeout_handler_must_use_no_stack(void **state)
{
    struct builder *builder = builder_new();
    (void)state;
    builder_function(builder, builder_find(builder, "__rex_handle_timeout"), 8, NULL, 0);
    program(builder, NULL, 0);
    assert_int_equal(error_of(builder, &final), 600);
    assert_non_null(strstr(builder_output(builder), "the timeout handler uses stack"));
    builder_free(builder);
}

static void programs_are_told_apart(void **state)
{
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t first = builder_declare(builder, "first"), second = builder_declare(builder, "second");
    builder_begin_program(builder, first);
    builder_sub(builder, 40);
    builder_add(builder, 40);
    builder_return(builder);
    builder_end(builder);
    builder_begin_program(builder, second);
    builder_return(builder);
    builder_end(builder);
    analyse(builder, &final, &answer);
    assert_int_equal(answer.result->program_count, 2);
    assert_string_equal(answer.result->programs[0].name, "first");
    assert_int_equal(answer.result->programs[0].bound, 40);
    assert_int_equal(answer.result->programs[1].bound, 0);
    forget(&answer);
    builder_free(builder);
}

static json_t *json_report(const struct answer *answer)
{
    struct diag_options options = {.stream = NULL};
    struct diag *diag = diag_new(&options);
    struct buffer text = {0};
    assert_int_equal(stack_report_json(diag, answer->result, &text), 0);
    assert_ptr_equal(strchr(text.data, '\n'), text.data + text.length - 1); /* one line */
    json_t *root = json_loads(text.data, 0, NULL);
    assert_non_null(root);
    buffer_free(&text);
    diag_free(diag);
    return root;
}

/* Explanations are for people: an object with very many of them must not cost more than its size
 * does. */
#define EXPLAINED_MAX ((size_t)1 << 21) /* as stack.c has it */

static void rings_of_checks_take_linear_memory(void **state)
{
    enum { COUNT = 3000 };
    static uint32_t functions[COUNT], bodies[COUNT];
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    for (uint32_t i = 0; i < COUNT; i++) {
        functions[i] = builder_declare(builder, NULL);
        bodies[i] = builder_declare(builder, NULL);
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        builder_check(builder, functions[i], 64, bodies[i]);
        maybe_calls(builder, bodies[i], 56, &functions[(i + 1) % COUNT], 1);
    }
    program(builder, functions, 1);
    analyse(builder, &final, &answer);
    size_t told = 0;
    assert_int_equal(answer.result->check_count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(answer.result->checks[i].need, 64);
        told += answer.result->checks[i].circle_length;
    }
    assert_int_equal(answer.result->checks[0].circle_length, 2 * COUNT);
    assert_true(told <= EXPLAINED_MAX + (size_t)2 * COUNT);
    forget(&answer);
    builder_free(builder);
}

static void programs_with_long_paths_take_linear_memory(void **state)
{
    enum { PROGRAMS = 1000, JUMPS = 5000 };
    struct builder *builder = builder_new();
    struct answer answer;
    (void)state;
    uint32_t next = builder_declare(builder, NULL);
    builder_function(builder, next, 24, NULL, 0);
    for (uint32_t i = 1; i < JUMPS; i++) {
        uint32_t function = builder_declare(builder, NULL);
        builder_begin(builder, function);
        builder_jump(builder, next);
        builder_end(builder);
        next = function;
    }
    for (uint32_t i = 0; i < PROGRAMS; i++) {
        builder_begin_program(builder, builder_declare(builder, NULL));
        builder_jump(builder, next);
        builder_end(builder);
    }
    analyse(builder, &final, &answer);
    size_t told = 0;
    assert_int_equal(answer.result->program_count, PROGRAMS);
    for (size_t i = 0; i < PROGRAMS; i++) {
        assert_int_equal(answer.result->programs[i].bound, 24);
        told += answer.result->programs[i].path_length;
    }
    assert_int_equal(answer.result->programs[0].path_length, JUMPS + 1);
    assert_true(told <= EXPLAINED_MAX + JUMPS + 1);
    forget(&answer);
    builder_free(builder);
}

static void json_has_the_documented_shape(void **state)
{
    struct answer answer;
    (void)state;
    struct builder *builder = deep_program(104);
    analyse(builder, &final, &answer);
    json_t *root = json_report(&answer);
    const char *name, *type, *function;
    int bound, limit, checked, panic_bound, bytes;
    json_t *program_object = json_array_get(json_object_get(root, "programs"), 0);
    assert_int_equal(json_unpack(program_object, "{s:s,s:s,s:i,s:i,s:b,s:i}", "name", &name, "type",
                                 &type, "bound", &bound, "limit", &limit, "checked", &checked,
                                 "panic_bound", &panic_bound),
                     0);
    assert_string_equal(name, "program");
    assert_string_equal(type, "xdp");
    assert_int_equal(bound, 16 + 8 + 104);
    assert_int_equal(limit, REX_STACK_PROGRAM);
    assert_false(checked);
    assert_int_equal(panic_bound, 8);
    assert_int_equal(json_integer_value(json_object_get(root, "format")), 1);
    json_t *path = json_object_get(program_object, "path");
    assert_int_equal(json_array_size(path), 2);
    assert_int_equal(
        json_unpack(json_array_get(path, 1), "{s:s,s:i}", "function", &function, "bytes", &bytes),
        0);
    assert_string_equal(function, "example::deep");
    assert_int_equal(bytes, 104);
    json_decref(root);
    forget(&answer);
    builder_free(builder);

    builder = checked_program(NEED, 40);
    analyse(builder, &final, &answer);
    root = json_report(&answer);
    program_object = json_array_get(json_object_get(root, "programs"), 0);
    assert_true(json_is_null(json_object_get(program_object, "bound")));
    assert_true(json_is_true(json_object_get(program_object, "checked")));
    int need;
    json_t *check = json_array_get(json_object_get(program_object, "checks"), 0);
    assert_int_equal(json_unpack(check, "{s:s,s:i}", "function", &function, "need", &need), 0);
    assert_string_equal(function, "checked");
    assert_int_equal(need, NEED);
    assert_int_equal(json_array_size(json_object_get(check, "cycle")), 2);
    json_decref(root);
    forget(&answer);
    builder_free(builder);
}

static void text_fits_its_columns(void **state)
{
    struct diag_options options = {.stream = NULL};
    struct diag *diag = diag_new(&options);
    struct buffer text = {0};
    struct answer answer;
    char long_name[300];
    (void)state;
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    struct builder *builder = builder_new();
    uint32_t next = builder_declare(builder, long_name);
    builder_function(builder, next, 104, NULL, 0);
    for (int i = 0; i < 100; i++) {
        uint32_t caller = builder_declare(builder, NULL);
        builder_function(builder, caller, 8, &next, 1);
        next = caller;
    }
    program(builder, &next, 1);
    analyse(builder, &final, &answer);
    assert_int_equal(stack_report_text(diag, answer.result, &text), 0);
    for (const char *line = text.data; *line;) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        assert_true(end - line <= 100);
        line = end + 1;
    }
    assert_non_null(strstr(text.data, "program (xdp): 1728 of 16384 bytes, 14656 to spare\n"));
    assert_non_null(strstr(text.data, "more frames\n"));
    assert_non_null(strstr(text.data, "no recursion, no stack checks\n"));
    buffer_free(&text);
    forget(&answer);
    builder_free(builder);
    diag_free(diag);
}

static void differences_are_told(void **state)
{
    struct diag_options options = {.stream = NULL};
    struct diag *diag = diag_new(&options);
    struct buffer text = {0};
    struct answer before, after;
    (void)state;
    struct builder *old_builder = deep_program(104), *new_builder = deep_program(200);
    analyse(old_builder, &final, &before);
    analyse(new_builder, &final, &after);
    assert_int_equal(stack_diff_text(diag, before.result, after.result, &text), 0);
    assert_non_null(strstr(text.data, "program: 128 -> 224 bytes (+96)\n"));
    assert_non_null(strstr(text.data, "+96  example::deep\n"));
    assert_null(strstr(text.data, "+0  "));
    buffer_free(&text);
    forget(&before);
    forget(&after);
    builder_free(old_builder);
    builder_free(new_builder);
    diag_free(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursion_needs_a_check),
        cmocka_unit_test(a_look_says_only_whether_there_is_a_ring),
        cmocka_unit_test(a_ring_of_tail_jumps_needs_none),
        cmocka_unit_test(a_ring_with_one_call_needs_one),
        cmocka_unit_test(two_rings_share_a_check),
        cmocka_unit_test(cliques_need_all),
        cmocka_unit_test(a_hub_is_enough_at_any_size),
        cmocka_unit_test(rings_outside_the_program_cannot_be_cut),
        cmocka_unit_test(rings_through_pointers_are_found),
        cmocka_unit_test(checks_demand_what_is_needed),
        cmocka_unit_test(checks_are_known_byte_by_byte),
        cmocka_unit_test(checks_look_at_the_right_things),
        cmocka_unit_test(the_way_to_the_first_check_must_fit),
        cmocka_unit_test(checks_that_cannot_be_passed_are_refused),
        cmocka_unit_test(check_in_an_acyclic_program_changes_nothing),
        cmocka_unit_test(a_check_on_no_circle_cuts_nothing),
        cmocka_unit_test(the_limit_is_exact),
        cmocka_unit_test(the_panic_body_has_its_own_limit),
        cmocka_unit_test(a_panic_body_may_be_recursive),
        cmocka_unit_test(the_timeout_handler_must_use_no_stack),
        cmocka_unit_test(programs_are_told_apart),
        cmocka_unit_test(rings_of_checks_take_linear_memory),
        cmocka_unit_test(programs_with_long_paths_take_linear_memory),
        cmocka_unit_test(json_has_the_documented_shape),
        cmocka_unit_test(text_fits_its_columns),
        cmocka_unit_test(differences_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
