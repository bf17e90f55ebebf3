/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/cfg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct expectation {
    const char *text;
    enum cfg_answer kernel;
    enum cfg_answer host;
};

static const struct expectation expectations[] = {
    {"x86_64-unknown-none", CFG_YES, CFG_NO},
    {"x86_64-unknown-linux-gnu", CFG_NO, CFG_YES},
    {"aarch64-apple-darwin", CFG_NO, CFG_NO},
    {"cfg(unix)", CFG_NO, CFG_YES},
    {"cfg(windows)", CFG_NO, CFG_NO},
    {"cfg(not(windows))", CFG_YES, CFG_YES},
    {"cfg(target_os = \"none\")", CFG_YES, CFG_NO},
    {"cfg(target_os=\"linux\")", CFG_NO, CFG_YES},
    {"cfg(target_arch = \"x86_64\")", CFG_YES, CFG_YES},
    {"cfg(target_arch = \"arm\")", CFG_NO, CFG_NO},
    {"cfg(target_has_atomic = \"64\")", CFG_YES, CFG_YES},
    {"cfg(target_family = \"unix\")", CFG_NO, CFG_YES},
    {"cfg(all(target_arch = \"x86_64\", target_os = \"none\"))", CFG_YES, CFG_NO},
    {"cfg(any(unix, windows,))", CFG_NO, CFG_YES},
    {"cfg(all())", CFG_YES, CFG_YES},
    {"cfg(any())", CFG_NO, CFG_NO},
    {"cfg(true)", CFG_YES, CFG_YES},
    {"cfg(false)", CFG_NO, CFG_NO},
    {"cfg(not(any(unix, target_os = \"none\")))", CFG_NO, CFG_NO},
    /* Nothing that is not known is guessed, wherever it stands. */
    {"cfg(loom)", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(any(unix, loom))", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(not(loom))", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(feature = \"std\")", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(target_feature = \"sse2\")", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg()", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(unix", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(unix) or so", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(target_os = )", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(target_os = \"none)", CFG_UNKNOWN, CFG_UNKNOWN},
    {"cfg(some(unix))", CFG_UNKNOWN, CFG_UNKNOWN},
};

static void predicates_are_evaluated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        enum cfg_answer kernel = cfg_evaluate(CFG_KERNEL, expectations[i].text);
        enum cfg_answer host = cfg_evaluate(CFG_HOST, expectations[i].text);
        if (kernel != expectations[i].kernel || host != expectations[i].host)
            print_error("%s\n", expectations[i].text);
        assert_int_equal(kernel, expectations[i].kernel);
        assert_int_equal(host, expectations[i].host);
    }
}

static void deep_nesting_is_refused_without_a_crash(void **state)
{
    (void)state;
    static char text[200000];
    strcpy(text, "cfg(");
    for (size_t at = 4; at + 8 < sizeof(text); at += 4)
        memcpy(text + at, "not(", 5);
    assert_int_equal(cfg_evaluate(CFG_KERNEL, text), CFG_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predicates_are_evaluated),
        cmocka_unit_test(deep_nesting_is_refused_without_a_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
