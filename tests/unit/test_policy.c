/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy's table, its document and its attacks say the same. REXC_BLESS=1 in the environment
 * writes the table into docs/policy.md.
 */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/memory.h"
#include "lint/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTACKS SOURCE_DIRECTORY "/tests/attacks"
#define DOCUMENT SOURCE_DIRECTORY "/docs/policy.md"
#define BEGIN "<!-- table: made from lint/policy.def by test_policy with REXC_BLESS=1 -->\n"
#define END "<!-- end of table -->\n"

static struct diag *diag;

static int set_up(void **state)
{
    (void)state;
    diag = diag_new(&(struct diag_options){.format = DIAG_HUMAN});
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    diag_free(diag);
    return 0;
}

static void test_document(void **state)
{
    (void)state;
    char *text;
    size_t size;
    assert_int_equal(file_read(diag, DOCUMENT, 0, &text, &size), 0);
    char *begin = strstr(text, BEGIN), *end = strstr(text, END);
    assert_non_null(begin);
    assert_non_null(end);
    struct buffer wanted = {0};
    policy_markdown(&wanted);
    begin += strlen(BEGIN);
    bool same =
        (size_t)(end - begin) == wanted.length && memcmp(begin, wanted.data, wanted.length) == 0;
    if (!same && getenv("REXC_BLESS")) {
        struct buffer whole = {0};
        buffer_append(&whole, text, (size_t)(begin - text));
        buffer_append(&whole, wanted.data, wanted.length);
        buffer_string(&whole, end);
        same = file_write_atomic(diag, DOCUMENT, whole.data, whole.length, 0644) == 0;
        buffer_free(&whole);
    }
    buffer_free(&wanted);
    free(text);
    if (!same)
        fail_msg(
            "docs/policy.md is not what lint/policy.def says; run test_policy with REXC_BLESS=1");
}

/* How many entries of the directory end, or do not end, in .ok.rs or .ok. */
static size_t count_attacks(const char *id, bool innocent)
{
    static const char *const patterns[] = {"*.rs", "*/Cargo.toml"};
    size_t count = 0;
    for (size_t p = 0; p < 2; p++) {
        char *pattern = must_format(ATTACKS "/%s/%s", id, patterns[p]);
        glob_t found;
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t i = 0; i < found.gl_pathc; i++)
                count += (strstr(found.gl_pathv[i], ".ok") != NULL) == innocent;
            globfree(&found);
        }
        free(pattern);
    }
    return count;
}

static void test_each_ban_has_attack_and_twin(void **state)
{
    (void)state;
    for (size_t ban = 0; ban < POLICY_BAN_COUNT; ban++) {
        const struct policy_ban_entry *entry = &policy_bans[ban];
        if (count_attacks(entry->id, false) == 0)
            fail_msg("the ban `%s` has no attack in tests/attacks/%s", entry->id, entry->id);
        if (count_attacks(entry->id, true) == 0)
            fail_msg("the ban `%s` has no innocent twin in tests/attacks/%s", entry->id, entry->id);
    }
}

static void test_each_directory_is_a_ban(void **state)
{
    (void)state;
    glob_t found;
    assert_int_equal(glob(ATTACKS "/*/", 0, NULL, &found), 0);
    struct buffer table = {0};
    policy_markdown(&table);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *path = must_copy(found.gl_pathv[i]);
        path[strlen(path) - 1] = '\0';
        char *cell = must_format("| `%s` |", path_basename(path));
        if (!strstr(table.data, cell) && path_basename(path)[0] != '_')
            fail_msg("%s belongs to no ban", path);
        free(cell);
        free(path);
    }
    buffer_free(&table);
    globfree(&found);
}

static void test_entries_are_complete(void **state)
{
    (void)state;
    for (size_t ban = 0; ban < POLICY_BAN_COUNT; ban++) {
        assert_non_null(diag_code_title(policy_bans[ban].code));
        assert_non_null(diag_code_explanation(policy_bans[ban].code));
        assert_true(*policy_bans[ban].why && *policy_bans[ban].help);
        for (size_t other = 0; other < ban; other++) {
            assert_int_not_equal(policy_bans[ban].code, policy_bans[other].code);
            assert_string_not_equal(policy_bans[ban].id, policy_bans[other].id);
        }
    }
    for (size_t i = 1; i < policy_attribute_count; i++)
        assert_true(strcmp(policy_attributes[i - 1].name, policy_attributes[i].name) < 0);
}

static void test_configuration(void **state)
{
    (void)state;
    struct buffer toml = {0};
    char digest[HASH_HEX_SIZE], again[HASH_HEX_SIZE];
    policy_clippy_toml(&toml);
    for (size_t i = 0; i < policy_item_count; i++)
        assert_non_null(strstr(toml.data, policy_items[i].path));
    buffer_free(&toml);
    policy_digest(digest);
    policy_digest(again);
    assert_string_equal(digest, again);
    assert_int_equal(strlen(digest), 64);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_document),
        cmocka_unit_test(test_each_ban_has_attack_and_twin),
        cmocka_unit_test(test_each_directory_is_a_ban),
        cmocka_unit_test(test_entries_are_complete),
        cmocka_unit_test(test_configuration),
    };
    return cmocka_run_group_tests_name("policy", tests, set_up, tear_down);
}
