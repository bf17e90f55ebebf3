/* SPDX-License-Identifier: Apache-2.0 */
/* What a decoder remembers is what one that has seen nothing says. */
#include "linker/decode.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Something of the operands, so that a wrong one is seen. */
static uint8_t judge(const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    return (uint8_t)((decoded->operand_count_visible + (unsigned)operands[0].reg.value) & 15);
}

static unsigned judged;

static uint8_t judge_and_count(const ZydisDecodedInstruction *decoded,
                               const ZydisDecodedOperand *operands)
{
    judged++;
    return judge(decoded, operands);
}

static void assert_same(struct decoder *decoder, const uint8_t *bytes, size_t room,
                        uint32_t address)
{
    struct decoder *fresh = decoder_new(judge);
    struct code_instruction actual = {.address = address}, expected = {.address = address};

    assert_non_null(fresh);
    int result = decode_instruction(fresh, bytes, room, &expected);
    assert_int_equal(decode_instruction(decoder, bytes, room, &actual), result);
    assert_memory_equal(&actual, &expected, sizeof(actual));
    decoder_free(fresh);
}

/* Bytes that share beginnings, so that most are met again, with more and with less room, elsewhere
 * and with other bytes behind them. */
static void what_is_remembered_is_what_is_decoded(void **state)
{
    static const uint8_t pool[] = {0x55, 0x48, 0x66, 0x67, 0xe8, 0xe9, 0xeb, 0x74,
                                   0x0f, 0x84, 0x8b, 0x05, 0x89, 0xe5, 0x8d, 0x00,
                                   0x10, 0xc7, 0x65, 0xf3, 0xff, 0x25};
    struct decoder *decoder = decoder_new(judge);
    uint64_t random = 88172645463325252u; /* xorshift64 (Marsaglia 2003) */
    uint8_t bytes[15];
    (void)state;

    assert_non_null(decoder);
    for (unsigned i = 0; i < 100000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        for (size_t j = 0; j < sizeof(bytes); j++)
            bytes[j] = pool[(random >> (3 * j)) % sizeof(pool)];
        assert_same(decoder, bytes, 1 + random % sizeof(bytes), (uint32_t)(random >> 40));
    }
    decoder_free(decoder);
}

static void an_instruction_is_decoded_once(void **state)
{
    static const uint8_t lea[] = {0x48, 0x8d, 0x05, 0x10, 0x00, 0x00, 0x00};
    struct decoder *decoder = decoder_new(judge_and_count);
    struct code_instruction first = {.address = 0x1000}, second = {.address = 0x2000};
    (void)state;

    judged = 0;
    assert_non_null(decoder);
    assert_int_equal(decode_instruction(decoder, lea, sizeof(lea), &first), 0);
    assert_int_equal(decode_instruction(decoder, lea, sizeof(lea), &second), 0);
    assert_int_equal(judged, 1);
    assert_int_equal(first.target, 0x1017);
    assert_int_equal(second.target, 0x2017);
    /* One byte short of it. */
    assert_int_equal(decode_instruction(decoder, lea, sizeof(lea) - 1, &second), -1);
    decoder_free(decoder);
}

/* A jmp with an operand-size prefix (66 e9), and mov rax, [eip + disp] (67). */
static void prefixes_cut_no_target(void **state)
{
    static const uint8_t instructions[][8] = {{0x66, 0xe9, 0x10, 0x00, 0x00, 0x00},
                                              {0x67, 0x48, 0x8b, 0x05, 0xf0, 0xff, 0xff, 0xff}};
    struct decoder *decoder = decoder_new(judge);
    (void)state;

    assert_non_null(decoder);
    for (size_t i = 0; i < 2; i++) {
        assert_same(decoder, instructions[i], 8, 0x12340);
        assert_same(decoder, instructions[i], 8, 0x0);
        assert_same(decoder, instructions[i], 8, 0xfffffff0);
    }
    decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_remembered_is_what_is_decoded),
        cmocka_unit_test(an_instruction_is_decoded_once),
        cmocka_unit_test(prefixes_cut_no_target),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
