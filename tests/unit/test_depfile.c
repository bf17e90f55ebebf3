/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "driver/compile.h"
#include "driver/depfile.h"
#include "driver/pass_report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void check(const char *target, const char *const *files, const char *expected)
{
    struct strings list = {0};
    struct buffer text = {0};
    for (size_t i = 0; files[i]; i++)
        strings_add(&list, files[i]);
    depfile_format(&text, target, &list);
    assert_string_equal(text.data, expected);
    buffer_free(&text);
    strings_free(&list);
}

static void plain_names(void **state)
{
    (void)state;
    check("a.rex", (const char *const[]){"src/main.rs", "src/b.rs", "src/main.rs", NULL},
          "a.rex: \\\n  src/main.rs \\\n  src/b.rs\n");
    check("a.rex", (const char *const[]){NULL}, "a.rex:\n");
}

/* As GCC escapes them, so that make and ninja read back the same names. */
static void odd_names(void **state)
{
    (void)state;
    check("my prog.rex", (const char *const[]){"a b.rs", "c#d.rs", "e$f.rs", NULL},
          "my\\ prog.rex: \\\n  a\\ b.rs \\\n  c\\#d.rs \\\n  e$$f.rs\n");
    check("x", (const char *const[]){"back\\slash.rs", "back\\ blank.rs", NULL},
          "x: \\\n  back\\slash.rs \\\n  back\\\\\\ blank.rs\n");
    check("x", (const char *const[]){"new\nline.rs", "b.rs", NULL}, "x: \\\n  b.rs\n");
}

/* The note's source names are those of the debug information. */
static void paths_are_remapped_as_by_rustc(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"/home/u/prog/src/main.rs", "src/main.rs"},
        {"/home/u/prog", ""},
        {"/home/u/program/src/x.rs", "/home/u/program/src/x.rs"},
        {"/home/u/dep/src/lib.rs", "dep-1.0.0/src/lib.rs"},
        {"/home/u/prog/helper/src/lib.rs", "helper-0.1.0/src/lib.rs"},
        {"src/main.rs", "src/main.rs"},
    };
    struct strings remaps = {0};
    strings_add(&remaps, "/home/u/prog=");
    strings_add(&remaps, "/home/u/dep=dep-1.0.0");
    strings_add(&remaps, "/home/u/prog/helper=helper-0.1.0"); /* the last that fits wins */
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        char *path = compile_remapped(&remaps, pairs[i][0]);
        assert_string_equal(path, pairs[i][1]);
        free(path);
    }
    strings_free(&remaps);
}

static void reports_of_the_pass(void **state)
{
    (void)state;
    struct pass_report report;
    static const char *const malformed[] = {
        "",
        "rexpass-report 2\n",
        "rexpass-report 1",
        "rexpass-report 1\nsurprise x\n",
        "rexpass-report 1\nentry \n",
        "rexpass-report 1\nentry p xdp",
    };
    assert_true(pass_report_parse("rexpass-report 1\nllvm 22.1.8\nentry p xdp\ncheck f\ncheck g\n"
                                  "missing h\n",
                                  &report));
    assert_int_equal(report.entries.count, 1);
    assert_string_equal(report.entries.items[0], "p xdp");
    assert_int_equal(report.checks.count, 2);
    assert_string_equal(report.missing.items[0], "h");
    pass_report_free(&report);
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
        assert_false(pass_report_parse(malformed[i], &report));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_names),
        cmocka_unit_test(odd_names),
        cmocka_unit_test(paths_are_remapped_as_by_rustc),
        cmocka_unit_test(reports_of_the_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
