/* SPDX-License-Identifier: Apache-2.0 */
#include "rex-crate/generate/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool lookup(const char *name, size_t length, struct value *value, void *data)
{
    (void)data;
    if (length == 3 && memcmp(name, "TEN", 3) == 0) {
        *value = (struct value){.bits = 10};
        return true;
    }
    return false;
}

static bool evaluate(const char *text, struct value *value)
{
    return expression_evaluate(text, strlen(text), lookup, NULL, value);
}

static void values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t bits;
    } cases[] = {
        {"0", 0},
        {"0x1F", 31},
        {"017", 15},
        {"4294967296", 4294967296},
        {"0xffffffffffffffffULL", UINT64_MAX},
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"10 - 3 - 2", 5},
        {"1 << 4 | 1", 17},
        {"1U<<31", 1u << 31},
        {"~0", UINT64_MAX},
        {"-1", UINT64_MAX},
        {"- - 1", 1},
        {"!TEN + !0", 1},
        {"TEN % 4 / 2", 1},
        {"TEN == 10 && 3 != 4", 1},
        {"0 || 0 || 2", 1},
        {"1 ? 2 : 3", 2},
        {"0 ? 2 : 0 ? 3 : 4", 4},
        {"5 & 6 ^ 1", 5},
        {"-1 < 0", 1},
        {"-1 < 0U", 0},
        {"-8 >> 1", (uint64_t)-4},
        {"1 >= 1 && 2 <= 1", 0},
        {"((unsigned char) 257)", 1},
        {"(__s8)0xff", UINT64_MAX},
        {"(unsigned long int) 3", 3},
        {"(__u32)-1", UINT32_MAX},
        {"  7\t", 7},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value value;
        if (!evaluate(cases[i].text, &value) || value.bits != cases[i].bits)
            fail_msg("%s", cases[i].text);
    }
}

static void not_constant_expressions(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",
        "1 +",
        "(1",
        "1)",
        "UNKNOWN",
        "sizeof(int)",
        "f(1)",
        "1.5",
        "0x",
        "1e3",
        "\"text\"",
        "'c'",
        "1 / 0",
        "1 % 0",
        "1 << 64",
        "09",
        "1 2",
        "struct x",
        "{ 1 }",
        "1 ? 2",
        "99999999999999999999",
        "(int)",
        "3x",
        "~",
        "&TEN",
        "(-9223372036854775807 - 1) / -1",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct value value;
        if (evaluate(cases[i], &value))
            fail_msg("%s", cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(not_constant_expressions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
