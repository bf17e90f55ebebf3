/* SPDX-License-Identifier: Apache-2.0 */
/* Every frame of tests/stack/frames.s: its exact depth, or exactly what is wrong with it. */
#include "base/diag.h"
#include "linker/callee.h"
#include "linker/code.h"
#include "linker/frame.h"
#include "linker/object.h"
#include "linker/returns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct expectation {
    const char *function;
    enum frame_fault fault;
    uint32_t depth;
};

static const struct expectation expectations[] = {
    {"leaf", FRAME_OK, 0},
    {"stops", FRAME_OK, 8},
    {"spins", FRAME_OK, 0},
    {"push_only", FRAME_OK, 16},
    {"frame_pointer", FRAME_OK, 8 + 32 + 8},
    {"restored_by_mov", FRAME_OK, 8 + 4088},
    {"restored_by_lea", FRAME_OK, 16 + 40},
    {"enter_leave", FRAME_OK, 8 + 32 + 8},
    {"lea_both_ways", FRAME_OK, 24},
    {"sub_negative", FRAME_OK, 128},
    {"frame_pointer_above", FRAME_OK, 72},
    {"odd_leaf", FRAME_OK, 4},
    {"realigned", FRAME_OK, 24 + 56 + 320 + 8},
    {"realigned_pushes", FRAME_OK, 8 + 24 + 32 + 16 + 8},
    {"copy_of_rsp", FRAME_OK, 24},
    {"push_rsp", FRAME_OK, 8},
    {"push_memory", FRAME_OK, 16},
    {"probed", FRAME_OK, 8 + 0x8000 + 64 + 8},
    {"probed_unrolled", FRAME_OK, 8 + 2 * 4096 + 64},
    {"probed_realigned", FRAME_OK, 8 + 8184 + 4088},
    {"tail_jump", FRAME_OK, 8},
    {"conditional_tail_jump", FRAME_OK, 8},
    {"counted_loop", FRAME_OK, 8},
    {"endless", FRAME_OK, 16},
    {"back_to_start", FRAME_OK, 0},
    {"ends_in_import", FRAME_OK, 16},
    {"ends_in_proof", FRAME_OK, 16},
    {"before_return", FRAME_OK, 16},
    {"after_proof", FRAME_OK, 16},
    {"import_returns", FRAME_OK, 16},
    {"shrink_wrapped", FRAME_OK, 16},
    {"rbp_as_register", FRAME_OK, 8},
    {"member", FRAME_OK, 8},
    {"through_pointer", FRAME_OK, 16},
    {"jumps_through_pointer", FRAME_OK, 0},
    {"gs_relative", FRAME_OK, 0},
    {"dead_code", FRAME_OK, 0},
    {"alloca", FRAME_DYNAMIC, 0},
    {"sub_memory", FRAME_UNKNOWN_RSP, 0},
    {"red_zone_store", FRAME_BELOW_RSP, 0},
    {"red_zone_load", FRAME_BELOW_RSP, 0},
    {"red_zone_realigned", FRAME_BELOW_RSP, 0},
    {"rsp_from_register", FRAME_UNKNOWN_RSP, 0},
    {"rsp_exchanged", FRAME_UNKNOWN_RSP, 0},
    {"rsp_from_memory", FRAME_UNKNOWN_RSP, 0},
    {"rsp_conditional", FRAME_UNKNOWN_RSP, 0},
    {"rsp_from_lost_rbp", FRAME_UNKNOWN_RSP, 0},
    {"rsp_from_callers_rbp", FRAME_UNKNOWN_RSP, 0},
    {"lea_other", FRAME_UNKNOWN_RSP, 0},
    {"lea_index", FRAME_UNKNOWN_RSP, 0},
    {"half_of_rsp", FRAME_UNKNOWN_RSP, 0},
    {"pop_rsp", FRAME_UNKNOWN_RSP, 0},
    {"pop_memory", FRAME_UNKNOWN_RSP, 0},
    {"push_flags", FRAME_UNKNOWN_RSP, 0},
    {"push_narrow", FRAME_MISALIGNED, 0},
    {"pop_narrow", FRAME_MISALIGNED, 0},
    {"leave_narrow", FRAME_MISALIGNED, 0},
    {"enter_nested", FRAME_UNKNOWN_RSP, 0},
    {"misaligned_call", FRAME_MISALIGNED, 0},
    {"misaligned_realign", FRAME_MISALIGNED, 0},
    {"realigned_twice", FRAME_UNKNOWN_RSP, 0},
    {"realigned_oddly", FRAME_UNKNOWN_RSP, 0},
    {"merge", FRAME_MERGE, 0},
    {"pushing_loop", FRAME_MERGE, 0},
    {"popping_loop", FRAME_MERGE, 0},
    {"merge_realigned", FRAME_MERGE, 0},
    {"return_too_deep", FRAME_NOT_RESTORED, 0},
    {"tail_jump_too_deep", FRAME_NOT_RESTORED, 0},
    {"conditional_return_too_deep", FRAME_NOT_RESTORED, 0},
    {"indirect_jump_too_deep", FRAME_NOT_RESTORED, 0},
    {"rbp_lost", FRAME_NOT_RESTORED, 0},
    {"rbp_half_lost", FRAME_NOT_RESTORED, 0},
    {"rbp_from_other_slot", FRAME_NOT_RESTORED, 0},
    {"rbp_slot_released", FRAME_NOT_RESTORED, 0},
    {"rbp_saved_on_one_path", FRAME_NOT_RESTORED, 0},
    {"rbp_saved_on_other_path", FRAME_NOT_RESTORED, 0},
    {"rbp_lost_on_one_path", FRAME_NOT_RESTORED, 0},
    {"frame_pointer_at_return", FRAME_NOT_RESTORED, 0},
    {"above_entry", FRAME_ABOVE_ENTRY, 0},
    {"add_above_entry", FRAME_ABOVE_ENTRY, 0},
    {"above_realigned", FRAME_ABOVE_ENTRY, 0},
    {"overwrites_return", FRAME_OVERWRITES, 0},
    {"fence_on_saved_rbp", FRAME_OK, 8},
    {"or_on_saved_rbp", FRAME_OVERWRITES, 0},
    {"overwrites_return_byte", FRAME_OVERWRITES, 0},
    {"overwrites_return_by_index", FRAME_OVERWRITES, 0},
    {"overwrites_return_from_below", FRAME_OVERWRITES, 0},
    {"increments_return", FRAME_OVERWRITES, 0},
    {"overwrites_saved", FRAME_OVERWRITES, 0},
    {"overwrites_from_realigned", FRAME_OVERWRITES, 0},
    {"falls_through", FRAME_FALLS_THROUGH, 0},
    {"call_falls_through", FRAME_FALLS_THROUGH, 0},
    {"import_falls_through", FRAME_FALLS_THROUGH, 0},
    {"branch_falls_through", FRAME_FALLS_THROUGH, 0},
    {"reaches_int3", FRAME_INT3, 0},
    {"too_large", FRAME_TOO_LARGE, 0},
    {"unchecked_call", FRAME_CODE, 0},
    {"checks_other_register", FRAME_CODE, 0},
    {"conditional_indirect", FRAME_CODE, 0},
    {"calls_return_thunk", FRAME_CODE, 0},
    {"bare_return", FRAME_CODE, 0},
    {"bare_return_pops", FRAME_CODE, 0},
    {"bare_jump", FRAME_CODE, 0},
    {"bare_call", FRAME_CODE, 0},
    {"system_call", FRAME_CODE, 0},
    {"undecodable", FRAME_CODE, 0},
    {"cut_off", FRAME_CODE, 0},
    {"into_instruction", FRAME_CODE, 0},
    {"into_other_function", FRAME_CODE, 0},
    {"calls_own_middle", FRAME_CODE, 0},
    {"into_probe", FRAME_MERGE, 0},
    {"into_probe_later", FRAME_INTO_PROBE, 0},
    {"probe_of_part_pages", FRAME_MERGE, 0},
    {"probe_without_limit", FRAME_MERGE, 0},
    {"leave_callers_rbp", FRAME_UNKNOWN_RSP, 0},
    {"leave_below", FRAME_NOT_RESTORED, 0},
    {"enter_nested_32", FRAME_UNKNOWN_RSP, 0},
    {"enter_largest", FRAME_OK, 8 + 65535},
    {"push_wide_twice", FRAME_OK, 8},
    {"push_segment", FRAME_MISALIGNED, 0},
    {"push_from_gs", FRAME_OK, 8},
    {"push_from_below", FRAME_BELOW_RSP, 0},
    {"into_import_thunk", FRAME_CODE, 0},
    {"into_indirect_thunk", FRAME_CODE, 0},
    {"jumps_to_start_too_deep", FRAME_MERGE, 0},
    {"probe_at_odd_height", FRAME_OK, 8 + 4 + 0x2000},
    {"probe_of_nothing", FRAME_MERGE, 0},
    {"probe_upwards", FRAME_MERGE, 0},
    {"probe_of_other_limit", FRAME_MERGE, 0},
    {"realigned_to_8", FRAME_OK, 8},
    {"realigned_to_4", FRAME_UNKNOWN_RSP, 0},
    {"realigned_to_2g", FRAME_UNKNOWN_RSP, 0},
    {"misaligned_realigned_call", FRAME_MISALIGNED, 0},
    {"rbp_out_of_range", FRAME_UNKNOWN_RSP, 0},
    {"lea_wraps", FRAME_ABOVE_ENTRY, 0},
    {"red_zone_vector", FRAME_BELOW_RSP, 0},
    {"red_zone_flush", FRAME_BELOW_RSP, 0},
    {"overwrites_return_vector", FRAME_OVERWRITES, 0},
    {"overwrites_return_state", FRAME_OVERWRITES, 0},
    {"overwrites_return_ds", FRAME_OVERWRITES, 0},
    {"apx_push", FRAME_CODE, 0},
    {"apx_push_two", FRAME_CODE, 0},
    {"apx_sub", FRAME_CODE, 0},
    {"apx_jump", FRAME_CODE, 0},
    {"interrupt_return", FRAME_CODE, 0},
    {"user_interrupt_return", FRAME_CODE, 0},
    {"software_interrupt", FRAME_CODE, 0},
    {"transaction", FRAME_CODE, 0},
    {"enters_guest", FRAME_CODE, 0},
    {"enters_amd_guest", FRAME_CODE, 0},
    {"enters_enclave", FRAME_CODE, 0},
};
#define WRITES_RSP 66u /* functions of hostile.inc */
#define EXPECTATIONS (sizeof(expectations) / sizeof(expectations[0]))

struct fixture {
    struct diag *diag;
    struct object *object;
    struct code *code;
    struct callee_sets sets;
    struct returns returns;
    struct frames frames;
};

static int setup(void **state)
{
    static struct fixture fixture;
    struct diag_options options = {.stream = NULL};
    fixture.diag = diag_new(&options);
    *state = &fixture;
    return object_read_file(fixture.diag, REXC_TEST_FRAMES, &fixture.object) ||
           code_read(fixture.diag, fixture.object, NULL, &fixture.code) ||
           callee_find(fixture.code, &fixture.sets) ||
           returns_find(fixture.code, &fixture.sets, &fixture.returns) ||
           frames_init(&fixture.frames, fixture.code, &fixture.sets, &fixture.returns);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    frames_free(&fixture->frames);
    returns_free(&fixture->returns);
    callee_free(&fixture->sets);
    code_free(fixture->code);
    object_free(fixture->object);
    diag_free(fixture->diag);
    return 0;
}

static uint32_t find(const struct fixture *fixture, const char *name)
{
    for (uint32_t i = 0; i < fixture->code->function_count; i++)
        if (strcmp(fixture->code->functions[i].name, name) == 0)
            return i;
    fail_msg("frames.s has no function %s", name);
    return CODE_NONE;
}

static void each_frame_is_as_expected(void **state)
{
    struct fixture *fixture = *state;
    unsigned wrong = 0;
    for (size_t i = 0; i < EXPECTATIONS; i++) {
        const struct expectation *expected = &expectations[i];
        uint32_t function = find(fixture, expected->function);
        enum frame_fault fault = frame_analyse(&fixture->frames, function);
        uint32_t depth = fixture->frames.frames[function].depth;
        if (fault == expected->fault && (fault != FRAME_OK || depth == expected->depth))
            continue;
        print_error("%s: fault %d, depth %u; expected fault %d, depth %u\n", expected->function,
                    (int)fault, depth, (int)expected->fault, expected->depth);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* The macro writes_rsp of hostile.inc makes them. */
static bool writes_rsp(const struct code_function *function)
{
    static const char prefix[] = "writes_rsp_";
    return strncmp(function->name, prefix, sizeof(prefix) - 1) == 0;
}

static void every_other_write_to_rsp_is_refused(void **state)
{
    struct fixture *fixture = *state;
    unsigned found = 0;
    for (uint32_t i = 0; i < fixture->code->function_count; i++) {
        const struct code_function *function = &fixture->code->functions[i];
        if (!writes_rsp(function))
            continue;
        enum frame_fault fault = frame_analyse(&fixture->frames, i);
        /* A pop of 16 bits is refused as what it is. */
        bool narrow = fault == FRAME_MISALIGNED &&
                      fixture->code->instructions[function->first].mnemonic == ZYDIS_MNEMONIC_POP;
        if (fault != FRAME_UNKNOWN_RSP && !narrow)
            fail_msg("%s: fault %d", function->name, (int)fault);
        found++;
    }
    assert_int_equal(found, WRITES_RSP);
}

/* A function that is added to frames.s without an expectation would be tested by nothing. */
static void each_function_has_an_expectation(void **state)
{
    const struct fixture *fixture = *state;
    size_t functions = 0;
    for (uint32_t i = 0; i < fixture->code->function_count; i++)
        functions += fixture->code->functions[i].kind == CODE_FUNCTION &&
                     !writes_rsp(&fixture->code->functions[i]);
    assert_int_equal(functions, EXPECTATIONS);
}

static void heights_are_known_at_each_instruction(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t heights[] = {0, 8, 8, 40, 40, 40, 40, 8, 0};
    uint32_t function = find(fixture, "frame_pointer");
    fixture->frames.frames[function].analysed = false; /* the heights of the last one are kept */
    assert_int_equal(frame_analyse(&fixture->frames, function), FRAME_OK);
    const struct code_function *code = &fixture->code->functions[function];
    assert_int_equal(code->count, sizeof(heights) / sizeof(heights[0]));
    for (uint32_t i = 0; i < code->count; i++)
        assert_int_equal(frame_height(&fixture->frames, code->first + i), heights[i]);
}

static void edges_carry_heights(void **state)
{
    struct fixture *fixture = *state;
    uint32_t function = find(fixture, "realigned_pushes");
    frame_analyse(&fixture->frames, function);
    const struct frame *frame = &fixture->frames.frames[function];
    assert_int_equal(frame->edge_count, 1);
    const struct frame_edge *edge = &fixture->frames.edges[frame->first_edge];
    assert_int_equal(edge->kind, FRAME_CALL);
    assert_int_equal(edge->target, find(fixture, "leaf"));
    assert_int_equal(edge->height, 8 + 24 + 32 + 16);
}

static void returning_is_proved(void **state)
{
    const struct fixture *fixture = *state;
    static const char *const never[] = {"stops",          "spins",         "endless",
                                        "ends_in_import", "ends_in_proof", "before_return"};
    static const char *const may[] = {"leaf",
                                      "tail_jump",
                                      "after_proof",
                                      "through_pointer",
                                      "jumps_through_pointer",
                                      "conditional_tail_jump"};
    for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
        assert_false(fixture->returns.functions[find(fixture, never[i])]);
    for (size_t i = 0; i < sizeof(may) / sizeof(may[0]); i++)
        assert_true(fixture->returns.functions[find(fixture, may[i])]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_frame_is_as_expected),
        cmocka_unit_test(every_other_write_to_rsp_is_refused),
        cmocka_unit_test(each_function_has_an_expectation),
        cmocka_unit_test(heights_are_known_at_each_instruction),
        cmocka_unit_test(edges_carry_heights),
        cmocka_unit_test(returning_is_proved),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
