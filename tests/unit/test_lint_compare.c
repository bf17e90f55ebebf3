/* SPDX-License-Identifier: Apache-2.0 */
/* What was checked must be what was compiled: each way in which the three readings can differ. */
#include "base/diag.h"
#include "base/file.h"
#include "base/hash.h"
#include "lint/clippy.h"
#include "lint/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *directory, *path;
static char right[HASH_HEX_SIZE], wrong[HASH_HEX_SIZE];

static int set_up(void **state)
{
    (void)state;
    static const char text[] = "pub fn nothing() {}\n";
    char template[] = "/tmp/rexc-test-compare-XXXXXX";
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_HUMAN});
    if (!mkdtemp(template))
        return -1;
    directory = must_copy(template);
    path = path_join(directory, "main.rs");
    hash_bytes(text, sizeof(text) - 1, right);
    hash_bytes("", 0, wrong);
    int result = file_write_atomic(diag, path, text, sizeof(text) - 1, 0600);
    diag_free(diag);
    return result;
}

static int tear_down(void **state)
{
    (void)state;
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_HUMAN});
    int result = file_remove_tree(diag, directory);
    diag_free(diag);
    free(directory);
    free(path);
    return result;
}

static struct depinfo files(const char *sha256, const char *more)
{
    struct depinfo depinfo;
    char *text = sha256 ? must_format("o: %s\n# checksum:sha256=%s file_len:1 %s\n%s", path, sha256,
                                      path, more)
                        : must_format("o: %s\n%s", path, more);
    assert_null(depinfo_parse(&depinfo, text, strlen(text)));
    free(text);
    return depinfo;
}

/* Compares, and returns the message; to free. */
static char *compare(struct depinfo lint, struct depinfo compile, bool scanned)
{
    char *output = NULL;
    size_t size;
    FILE *stream = open_memstream(&output, &size);
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_JSON, .stream = stream});
    struct scan *scan = scan_new();
    if (scanned)
        assert_int_equal(scan_file(scan, diag, path, 2024), 0);
    int result = lint_compare(diag, &lint, &compile, scan);
    assert_int_equal(result, diag_count(diag, DIAG_ERROR) > 0 ? -1 : 0);
    scan_free(scan);
    diag_free(diag);
    fclose(stream);
    depinfo_free(&lint);
    depinfo_free(&compile);
    return output;
}

static void expect(struct depinfo lint, struct depinfo compile, bool scanned, const char *code,
                   const char *words)
{
    char *output = compare(lint, compile, scanned);
    if (!code)
        assert_string_equal(output, "");
    else if (!strstr(output, code) || !strstr(output, words))
        fail_msg("no %s and '%s' in: %s", code, words, output);
    free(output);
}

static void test_equal(void **state)
{
    (void)state;
    expect(files(right, ""), files(right, ""), true, NULL, NULL);
    expect(files(right, "# env-dep:CLIPPY_ARGS\n"), files(right, ""), true, NULL, NULL);
}

static void test_different(void **state)
{
    (void)state;
    const char *code = "REX0318";
    expect(files(wrong, ""), files(right, ""), true, code, "changed during the build");
    expect(files(right, ""), files(wrong, ""), true, code, "changed during the build");
    expect(files(wrong, ""), files(wrong, ""), true, code, "changed during the build");
    expect(files(right, ""), files(NULL, ""), true, code, "changed during the build");
    expect(files(right, ""), files(right, ""), false, code, "was not scanned");
    expect(files(right, ""), files(right, "p: other.rs\n"), true, code, "that the lint did not");
    expect(files(right, "p: other.rs\n"), files(right, ""), true, code,
           "that the compiler did not");
}

static void test_environment(void **state)
{
    (void)state;
    expect(files(right, ""), files(right, "# env-dep:HOME=/root\n"), true, "REX0313", "`HOME`");
    expect(files(right, ""), files(right, "# env-dep:HOME\n"), true, "REX0313", "`HOME`");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal),
        cmocka_unit_test(test_different),
        cmocka_unit_test(test_environment),
    };
    return cmocka_run_group_tests_name("lint_compare", tests, set_up, tear_down);
}
