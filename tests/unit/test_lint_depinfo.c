/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/depinfo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb0"

static void test_files(void **state)
{
    (void)state;
    static const char text[] = "/o/x\\ y.rmeta: src/main.rs src/a\\ b:c.rs\n"
                               "\n"
                               "/o/x.d: src/main.rs src/a\\ b:c.rs\n"
                               "\n"
                               "src/main.rs:\n"
                               "src/a\\ b:c.rs:\n"
                               "\n"
                               "# env-dep:CLIPPY_ARGS\n"
                               "# env-dep:HOME=/root\n"
                               "# checksum:sha256=" A " file_len:12 src/main.rs\n"
                               "# checksum:sha256=" B " file_len:0 src/a\\ b:c.rs\n";
    struct depinfo depinfo;
    assert_null(depinfo_parse(&depinfo, text, sizeof(text) - 1));
    assert_int_equal(depinfo.count, 2);
    assert_string_equal(depinfo.files[0].path, "src/a b:c.rs");
    assert_string_equal(depinfo.files[0].sha256, B);
    assert_string_equal(depinfo_find(&depinfo, "src/main.rs")->sha256, A);
    assert_null(depinfo_find(&depinfo, "src/other.rs"));
    assert_int_equal(depinfo.variables.count, 2);
    assert_string_equal(depinfo.variables.items[1], "HOME=/root");
    depinfo_free(&depinfo);
}

static void test_without_checksums(void **state)
{
    (void)state;
    struct depinfo depinfo;
    static const char text[] = "x.o: a.rs";
    assert_null(depinfo_parse(&depinfo, text, sizeof(text) - 1));
    assert_int_equal(depinfo.count, 1);
    assert_string_equal(depinfo.files[0].sha256, "");
    depinfo_free(&depinfo);
    assert_null(depinfo_parse(&depinfo, "", 0));
    assert_int_equal(depinfo.count, 0);
    depinfo_free(&depinfo);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "no rule here\n",
        "x.o: a.rs\n# checksum:blake3=" A " file_len:1 a.rs\n",
        "x.o: a.rs\n# checksum:sha256=" A "\n",
        "x.o: a.rs\n# checksum:sha256=" A " file_len:1\n",
        "x.o: a.rs\n# checksum:sha256=" A " file_len:1 \n",
        "x.o: a.rs\n# checksum:sha256=aaaa file_len:1 a.rs\n",
        "x.o: a.rs\n# checksum:sha256=X" B "file_len:1 a.rs\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct depinfo depinfo;
        assert_non_null(depinfo_parse(&depinfo, texts[i], strlen(texts[i])));
        depinfo_free(&depinfo);
    }
    struct depinfo depinfo;
    assert_non_null(depinfo_parse(&depinfo, "x.o: a\0.rs\n", 11));
    depinfo_free(&depinfo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_without_checksums),
        cmocka_unit_test(test_malformed),
    };
    return cmocka_run_group_tests_name("lint_depinfo", tests, NULL, NULL);
}
