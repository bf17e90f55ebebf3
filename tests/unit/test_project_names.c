/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/license.h"
#include "driver/scaffold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void licenses_become_what_the_kernel_knows(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {NULL, "Proprietary"},
        {"", "Proprietary"},
        {" ", "Proprietary"},
        {"GPL-2.0-only", "GPL"},
        {"GPL-2.0-or-later", "GPL"},
        {"GPL-2.0", "GPL"},
        {"gpl-2.0+", "GPL"},
        {"MIT OR GPL-2.0-only", "Dual MIT/GPL"},
        {"GPL-2.0-only OR MIT", "Dual MIT/GPL"},
        {"GPL-2.0-only/MIT", "Dual MIT/GPL"},
        {"BSD-3-Clause OR GPL-2.0-or-later", "Dual BSD/GPL"},
        {"GPL-2.0 OR MPL-2.0", "Dual MPL/GPL"},
        {"GPL-2.0-only OR Apache-2.0", "GPL"},
        /* Nothing that only looks like it. */
        {"MIT", "MIT"},
        {"Apache-2.0 OR MIT", "Apache-2.0 OR MIT"},
        {"GPL-3.0-only", "GPL-3.0-only"},
        {"LGPL-2.0-only", "LGPL-2.0-only"},
        {"GPL-2.0-only AND Proprietary", "GPL-2.0-only AND Proprietary"},
        {"GPL-2.0-only WITH Linux-syscall-note", "GPL-2.0-only WITH Linux-syscall-note"},
        {"(MIT AND GPL-2.0-only) OR X", "(MIT AND GPL-2.0-only) OR X"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *license = license_for_kernel(pairs[i][0]);
        assert_string_equal(license, pairs[i][1]);
        free(license);
    }
}

static void good_names_are_taken(void **state)
{
    (void)state;
    static const char *const names[] = {"a",    "packet_filter", "packet-filter", "Filter2",
                                        "rexx", "my_core",       "core-filter",   "x-"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *problem = scaffold_name_problem(names[i]);
        if (problem)
            fail_msg("%s: %s", names[i], problem);
    }
}

static void bad_names_are_refused_with_their_reason(void **state)
{
    (void)state;
    static char long_name[201];
    memset(long_name, 'a', 200);
    static const char *const pairs[][2] = {
        {"", "empty"},
        {"../x", "path"},
        {"/x", "path"},
        {"a b", "characters other"},
        {"a.b", "characters other"},
        {".", "characters other"},
        {"n\xc3\xa4me", "ASCII"},
        {"1st", "digit"},
        {"_x", "letter"},
        {"-x", "letter"},
        {"fn", "keyword"},
        {"async", "keyword"},
        {"Self", "keyword"},
        {"core", "comes with"},
        {"std", "comes with"},
        {"rex", "comes with"},
        {"rex-macros", "comes with"},
        {"rex_macros", "comes with"},
        {"proc-macro", "comes with"},
        {"test", "comes with"},
        {"build", "keeps for itself"},
        {"nul", "keeps for itself"},
        {long_name, "64"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const char *problem = scaffold_name_problem(pairs[i][0]);
        if (!problem || !strstr(problem, pairs[i][1]))
            fail_msg("'%s': %s", pairs[i][0], problem ? problem : "taken");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(licenses_become_what_the_kernel_knows),
        cmocka_unit_test(good_names_are_taken),
        cmocka_unit_test(bad_names_are_refused_with_their_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
