/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct expectation {
    const char *requirement;
    const char *version;
    enum version_match answer;
};

/* Examples of the Cargo book, "Specifying Dependencies", and the edges around them. */
static const struct expectation expectations[] = {
    {"*", "1.2.3", VERSION_MATCHES},
    {"^1.2.3", "1.2.3", VERSION_MATCHES},
    {"^1.2.3", "1.9.0", VERSION_MATCHES},
    {"^1.2.3", "1.2.2", VERSION_DIFFERS},
    {"^1.2.3", "2.0.0", VERSION_DIFFERS},
    {"1.2", "1.3.0", VERSION_MATCHES},
    {"1", "1.0.0", VERSION_MATCHES},
    {"^0.2.3", "0.2.4", VERSION_MATCHES},
    {"^0.2.3", "0.3.0", VERSION_DIFFERS},
    {"^0.0.3", "0.0.3", VERSION_MATCHES},
    {"^0.0.3", "0.0.4", VERSION_DIFFERS},
    {"^0.0", "0.0.9", VERSION_MATCHES},
    {"^0.0", "0.1.0", VERSION_DIFFERS},
    {"^0", "0.9.0", VERSION_MATCHES},
    {"^0", "1.0.0", VERSION_DIFFERS},
    {"~1.2.3", "1.2.9", VERSION_MATCHES},
    {"~1.2.3", "1.3.0", VERSION_DIFFERS},
    {"~1.2", "1.2.0", VERSION_MATCHES},
    {"~1", "1.9.9", VERSION_MATCHES},
    {"~1", "2.0.0", VERSION_DIFFERS},
    {"1.*", "1.7.0", VERSION_MATCHES},
    {"1.2.*", "1.2.7", VERSION_MATCHES},
    {"1.2.*", "1.3.0", VERSION_DIFFERS},
    {"=1.2.3", "1.2.3", VERSION_MATCHES},
    {"=1.2.3", "1.2.4", VERSION_DIFFERS},
    {"=1.2", "1.2.9", VERSION_MATCHES},
    {">=1.2.0", "3.0.0", VERSION_MATCHES},
    {">1", "1.9.0", VERSION_DIFFERS},
    {">1", "2.0.0", VERSION_MATCHES},
    {"<2", "1.9.9", VERSION_MATCHES},
    {"<2", "2.0.0", VERSION_DIFFERS},
    {"<=1.2", "1.2.9", VERSION_MATCHES},
    {"<=1.2", "1.3.0", VERSION_DIFFERS},
    {">=1.2, <1.5", "1.4.0", VERSION_MATCHES},
    {">= 1.2 , < 1.5", "1.5.0", VERSION_DIFFERS},
    {"^1.2.3", "1.2.3-rc.1", VERSION_DIFFERS},
    {"^1.2.3-rc.1", "1.2.3-rc.2", VERSION_MATCHES},
    {"^1.2.3-rc.1", "1.2.4-rc.2", VERSION_DIFFERS},
    {"*", "1.0.0-alpha", VERSION_DIFFERS},
    {"^1.0.0", "1.0.0+build.5", VERSION_MATCHES},
    {"", "1.0.0", VERSION_MALFORMED},
    {"^", "1.0.0", VERSION_MALFORMED},
    {"1.2.3.4", "1.2.3", VERSION_MALFORMED},
    {"1.*.3", "1.2.3", VERSION_MALFORMED},
    {"01.2", "1.2.0", VERSION_MALFORMED},
    {"^1,", "1.0.0", VERSION_MALFORMED},
    {"^1", "1.0", VERSION_MALFORMED},
    {"^1", "1.0.0 ", VERSION_MALFORMED},
    {"^99999999999999999999", "1.0.0", VERSION_MALFORMED},
};

static void requirements_mean_what_cargo_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        enum version_match answer =
            version_match(expectations[i].requirement, expectations[i].version);
        if (answer != expectations[i].answer)
            print_error("'%s' against '%s'\n", expectations[i].requirement,
                        expectations[i].version);
        assert_int_equal(answer, expectations[i].answer);
    }
}

/* Semver 2.0, rule 11: each is below the next. */
static const char *const precedence[] = {
    "malformed",  "0.9.0",        "1.0.0-alpha",   "1.0.0-alpha.1", "1.0.0-alpha.beta",
    "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",    "1.0.0",
    "1.0.1",      "1.2.0",        "1.10.0",        "2.0.0",
};

static void versions_have_an_order(void **state)
{
    (void)state;
    size_t count = sizeof(precedence) / sizeof(precedence[0]);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = version_order(precedence[i], precedence[j]);
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(version_order("1.0.0+a", "1.0.0+b"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requirements_mean_what_cargo_says),
        cmocka_unit_test(versions_have_an_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
