/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: every byte, every class, every problem. */
#include "base/diag.h"
#include "linker/code.h"
#include "linker/object.h"
#include "tests/stack/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct diag *diag;
    struct object *object;
    struct code *code;
};

static int setup(void **state)
{
    static struct fixture fixture;
    struct diag_options options = {.stream = NULL};
    fixture.diag = diag_new(&options);
    *state = &fixture;
    return object_read_file(fixture.diag, REXC_TEST_FRAMES, &fixture.object) ||
           code_read(fixture.diag, fixture.object, NULL, &fixture.code);
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    code_free(fixture->code);
    object_free(fixture->object);
    diag_free(fixture->diag);
    return 0;
}

static uint32_t find(const struct code *code, const char *name)
{
    for (uint32_t i = 0; i < code->function_count; i++)
        if (strcmp(code->functions[i].name, name) == 0)
            return i;
    fail_msg("no function %s", name);
    return CODE_NONE;
}

static size_t problems_of(const struct code *code, uint32_t function, enum code_problem_kind kind)
{
    size_t count = 0;
    for (uint32_t i = 0; i < code->problem_count; i++)
        count += code->problems[i].function == function && code->problems[i].kind == kind;
    return count;
}

static void every_byte_belongs_to_one_instruction(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    const struct object_section *text = object_section(code->object, ".text");
    uint64_t address = text->address;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        assert_int_equal(instruction->address, address);
        assert_int_equal(code_at(code, address), i);
        for (unsigned j = 1; j < instruction->length; j++)
            assert_int_equal(code_at(code, address + j), CODE_NONE);
        address += instruction->length;
    }
    assert_true(address >= text->address + text->size);
}

static void functions_are_found_by_address(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        assert_int_equal(code_function_at(code, function->address), i);
        assert_int_equal(code_function_containing(code, function->address + function->size - 1), i);
        if (function->size > 1)
            assert_int_equal(code_function_at(code, function->address + 1), CODE_NONE);
        assert_int_equal(code->instructions[function->first].function, i);
        assert_int_equal(code->instructions[function->first + function->count - 1].function, i);
    }
    assert_int_equal(code_function_containing(code, 0), CODE_NONE);
    assert_int_equal(code_function_containing(code, UINT64_MAX), CODE_NONE);
    assert_int_equal(code_at(code, UINT64_MAX), CODE_NONE);
}

static void problems_are_named(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    static const struct {
        const char *function;
        enum code_problem_kind kind;
        size_t count;
    } expected[] = {
        {"dead_code", CODE_PROBLEM_DECODE, 1},
        {"undecodable", CODE_PROBLEM_DECODE, 1},
        {"cut_off", CODE_PROBLEM_DECODE, 2},
        {"unchecked_call", CODE_PROBLEM_UNCHECKED, 1},
        {"checks_other_register", CODE_PROBLEM_UNCHECKED, 1},
        {"conditional_indirect", CODE_PROBLEM_UNCHECKED, 1},
        {"into_instruction", CODE_PROBLEM_TARGET, 1},
        {"into_other_function", CODE_PROBLEM_TARGET, 1},
        {"calls_own_middle", CODE_PROBLEM_TARGET, 1},
        {"bare_return", CODE_PROBLEM_BARE, 1},
        {"bare_return_pops", CODE_PROBLEM_BARE, 1},
        {"bare_jump", CODE_PROBLEM_BARE, 1},
        {"bare_call", CODE_PROBLEM_BARE, 1},
        {"system_call", CODE_PROBLEM_BARE, 1},
        {"into_import_thunk", CODE_PROBLEM_TARGET, 1},
        {"into_indirect_thunk", CODE_PROBLEM_TARGET, 1},
        {"apx_push", CODE_PROBLEM_DECODE, 3},
        {"apx_push_two", CODE_PROBLEM_DECODE, 1},
        {"apx_push_two", CODE_PROBLEM_TARGET, 1},
        {"apx_sub", CODE_PROBLEM_DECODE, 3},
        {"apx_jump", CODE_PROBLEM_DECODE, 1},
        {"interrupt_return", CODE_PROBLEM_BARE, 1},
        {"user_interrupt_return", CODE_PROBLEM_BARE, 1},
        {"software_interrupt", CODE_PROBLEM_BARE, 1},
        {"transaction", CODE_PROBLEM_BARE, 1},
        {"enters_guest", CODE_PROBLEM_BARE, 1},
        {"enters_amd_guest", CODE_PROBLEM_BARE, 1},
        {"enters_enclave", CODE_PROBLEM_BARE, 1},
    };
    size_t total = 0;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        size_t count = problems_of(code, find(code, expected[i].function), expected[i].kind);
        if (count != expected[i].count)
            fail_msg("%s: %zu problems", expected[i].function, count);
        total += count;
    }
    assert_int_equal(code->problem_count, total); /* and no others */
}

static void thunks_are_known(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    assert_int_equal(code->functions[find(code, "__x86_indirect_thunk_r11")].kind,
                     CODE_INDIRECT_THUNK);
    assert_int_equal(code->functions[find(code, "__x86_return_thunk")].kind, CODE_RETURN_THUNK);
    const struct code_function *import = &code->functions[find(code, "__rex_import_rex_panic")];
    assert_int_equal(import->kind, CODE_IMPORT_THUNK);
    assert_string_equal(import->import, "rex_panic");
}

static void checks_and_prefixes_give_ids(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    const struct code_function *member = &code->functions[find(code, "member")];
    assert_true(member->has_id);
    assert_int_equal(member->id, 0x12345678);
    assert_int_not_equal(member->prefix, CODE_NONE);
    assert_int_equal(code->instructions[member->prefix].address + 5, member->address);
    assert_int_equal(code->functions[find(code, "leaf")].prefix, CODE_NONE);

    const struct code_function *caller = &code->functions[find(code, "through_pointer")];
    const struct code_site *site = NULL;
    for (uint32_t i = caller->first; i < caller->first + caller->count; i++)
        if (code->instructions[i].class == CODE_INDIRECT_CALL)
            site = code_site(code, i);
    assert_non_null(site);
    assert_true(site->checked);
    assert_int_equal(site->id, 0x12345678);
    assert_null(code_site(code, caller->first));
}

static void instructions_can_be_looked_at_again(void **state)
{
    const struct code *code = ((struct fixture *)*state)->code;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    char text[64];
    const struct code_function *function = &code->functions[find(code, "frame_pointer")];
    assert_int_equal(code_operands(code, function->first + 2, &decoded, operands), 0);
    assert_int_equal(decoded.mnemonic, ZYDIS_MNEMONIC_SUB);
    assert_int_equal(operands[1].imm.value.s, 32);
    code_format(code, function->first + 2, text, sizeof(text));
    assert_string_equal(text, "sub rsp, 0x20");
    code_format(code, code->functions[find(code, "undecodable")].first, text, sizeof(text));
    assert_string_equal(text, "(bytes that are no instruction)");
    assert_int_equal(code->instructions[function->first + 2].facts & CODE_TOUCHES_RSP,
                     CODE_TOUCHES_RSP);
}

static struct code *read_built(struct builder *builder)
{
    struct diag_options options = {.stream = NULL};
    struct diag *diag = diag_new(&options);
    struct code *code;
    assert_int_equal(code_read(diag, builder_object(builder), NULL, &code), 0);
    diag_free(diag);
    return code;
}

/* Each thunk with one bit changed. */
static void thunks_must_have_their_bytes(void **state)
{
    static const char *const names[] = {"__x86_indirect_thunk_r11", "__x86_return_thunk",
                                        "__rex_import_rex_panic"};
    static const size_t sizes[] = {3, 1, 10};
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (size_t bit = 0; bit < 8 * sizes[i]; bit++) {
            struct builder *builder = builder_new();
            const struct object *object = builder_object(builder);
            uint64_t address = object_symbol(object, names[i])->value;
            uint8_t *byte = (uint8_t *)object_bytes_at(object, address + bit / 8, 1);
            *byte = (uint8_t)(*byte ^ 1u << bit % 8);
            struct code *code = read_built(builder);
            assert_int_equal(problems_of(code, code_function_at(code, address), CODE_PROBLEM_THUNK),
                             1);
            code_free(code);
            builder_free(builder);
        }
}

/* A check with one bit changed checks something else, or nothing. */
static void checks_must_have_their_bytes(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < (size_t)14 * 8; bit++) {
        struct builder *builder = builder_new();
        uint32_t function = builder_declare(builder, "caller");
        builder_begin(builder, function);
        builder_indirect_jump(builder, 0x11111111);
        builder_end(builder);
        const struct object *object = builder_object(builder);
        uint64_t address = object_symbol(object, "caller")->value;
        uint8_t *byte = (uint8_t *)object_bytes_at(object, address + bit / 8, 1);
        *byte = (uint8_t)(*byte ^ 1u << bit % 8);
        struct code *code = read_built(builder);
        bool in_id = bit / 8 >= 2 && bit / 8 < 6;
        for (uint32_t i = 0; i < code->site_count; i++) {
            assert_int_equal(code->sites[i].checked, in_id);
            assert_int_not_equal(code->sites[i].id, 0x11111111);
        }
        if (in_id)
            assert_int_equal(code->site_count, 1);
        code_free(code);
        builder_free(builder);
    }
}

static void symbols_that_make_no_sense_are_problems(void **state)
{
    (void)state;
    struct builder *builder = builder_new();
    uint32_t empty = builder_declare(builder, "empty"),
             outside = builder_declare(builder, "outside");
    builder_begin(builder, outside);
    builder_return(builder);
    builder_end(builder);
    builder_begin(builder, empty);
    builder_end(builder);
    builder_extend(builder, outside, 1000000);
    struct code *code = read_built(builder);
    assert_int_equal(code->problem_count, 2);
    assert_int_equal(problems_of(code, CODE_NONE, CODE_PROBLEM_EMPTY), 1);
    assert_int_equal(problems_of(code, CODE_NONE, CODE_PROBLEM_OUTSIDE), 1);
    code_free(code);
    builder_free(builder);
}

static void each_problem_has_a_text(void **state)
{
    (void)state;
    for (int kind = CODE_PROBLEM_IMAGE; kind <= CODE_PROBLEM_THUNK; kind++)
        assert_string_not_equal(code_problem_text((enum code_problem_kind)kind), "unknown problem");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_belongs_to_one_instruction),
        cmocka_unit_test(functions_are_found_by_address),
        cmocka_unit_test(problems_are_named),
        cmocka_unit_test(thunks_are_known),
        cmocka_unit_test(checks_and_prefixes_give_ids),
        cmocka_unit_test(instructions_can_be_looked_at_again),
        cmocka_unit_test(thunks_must_have_their_bytes),
        cmocka_unit_test(checks_must_have_their_bytes),
        cmocka_unit_test(symbols_that_make_no_sense_are_problems),
        cmocka_unit_test(each_problem_has_a_text),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
