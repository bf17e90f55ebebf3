/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The single-file attacks of tests/attacks through the lint alone: scan, clippy-driver, expansion.
 * Quick, and without a sysroot of rexc's: the host's core stands in for it. tests/attacks/run.py
 * runs them through `rexc build`.
 */
#include "base/diag.h"
#include "base/file.h"
#include "lint/clippy.h"
#include "lint/expansion.h"
#include "lint/scan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <dirent.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *rustc;
    const char *clippy;
    char *directory; /* temporary */
    char *library;   /* in it: links to core, and to nothing else of the host's sysroot */
} tools;

static const char *tool(const char *variable, const char *path)
{
    const char *named = getenv(variable);
    return named && *named ? named : path;
}

static void link_libraries(const char *from, const char *pattern)
{
    char *path = path_join(from, pattern);
    glob_t found;
    assert_int_equal(glob(path, 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        char *link = path_join(tools.library, path_basename(found.gl_pathv[i]));
        assert_int_equal(symlink(found.gl_pathv[i], link), 0);
        free(link);
    }
    globfree(&found);
    free(path);
}

static int set_up(void **state)
{
    (void)state;
    tools.rustc = tool("REXC_RUSTC", "/usr/bin/rustc");
    tools.clippy = tool("REXC_CLIPPY", "/usr/bin/clippy-driver");
    char template[] = "/tmp/rexc-test-lint-XXXXXX";
    if (!mkdtemp(template))
        return -1;
    tools.directory = must_copy(template);
    tools.library = path_join(template, "library");
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_HUMAN});
    const char *const arguments[] = {tools.rustc, "--print=target-libdir", NULL};
    struct process process = {.arguments = arguments};
    assert_int_equal(file_make_directories(diag, tools.library, 0700), 0);
    assert_int_equal(process_run(diag, &process), 0);
    process.out.data[strcspn(process.out.data, "\n")] = '\0';
    /* The metadata stands in the .rlib or, in stubs, beside it in a .rmeta. */
    link_libraries(process.out.data, "libcore-*.r*");
    link_libraries(process.out.data, "libcompiler_builtins-*.r*");
    process_free(&process);
    diag_free(diag);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_HUMAN});
    int result = file_remove_tree(diag, tools.directory);
    diag_free(diag);
    free(tools.directory);
    free(tools.library);
    return result;
}

/* The words of the lines that begin with the mark, each copied. */
static struct strings marked_words(const char *text, const char *mark)
{
    struct strings words = {0};
    for (const char *line = strstr(text, mark); line; line = strstr(line + 1, mark)) {
        char *copy = must_copy_length(line + strlen(mark), strcspn(line + strlen(mark), "\r\n"));
        char *rest = NULL;
        for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
            strings_add(&words, word);
        free(copy);
    }
    return words;
}

static void add_arguments(struct strings *arguments, const char *path, int edition)
{
    strings_add(arguments, "--crate-name=attack");
    strings_add(arguments, "--crate-type=lib");
    strings_format(arguments, "--edition=%d", edition);
    strings_add(arguments, "-Cpanic=abort");
    strings_format(arguments, "--sysroot=%s", tools.directory);
    strings_format(arguments, "-L%s", tools.library);
    lint_compile_arguments(arguments);
    strings_add(arguments, path);
}

static int expand(struct diag *diag, const struct strings *arguments, int edition,
                  struct scan *scan)
{
    struct expansion_run run;
    expansion_command(tools.rustc, arguments, false, &run);
    int result = process_run(diag, &run.process);
    if (result == 0)
        result = expansion_result(diag, &run, "attack", edition, scan);
    expansion_run_free(&run);
    return result;
}

/* What the driver does with a crate, in the same order. */
static int check(struct diag *diag, const char *path, int edition)
{
    struct strings arguments = {0};
    add_arguments(&arguments, path, edition);
    struct lint_request request = {.clippy = tools.clippy,
                                   .arguments = &arguments,
                                   .crate = "attack",
                                   .directory = tools.directory,
                                   .warnings = true};
    struct lint_run run;
    struct depinfo depinfo = {0};
    struct scan *scan = scan_new();
    int result = scan_file(scan, diag, path, edition);
    assert_int_equal(lint_command(diag, &request, &run), 0);
    assert_int_equal(process_run(diag, &run.process), 0);
    if (lint_result(diag, &request, &run, &depinfo) < 0)
        result = -1;
    for (size_t i = 0; i < depinfo.count; i++)
        if (scan_file(scan, diag, depinfo.files[i].path, edition) < 0)
            result = -1;
    if (result == 0 && scan_needs_expansion(scan))
        result = expand(diag, &arguments, edition, scan);
    if (result == 0)
        result = lint_compare(diag, &depinfo, &depinfo, scan);
    if (scan_finish(scan, diag) < 0)
        result = -1;
    depinfo_free(&depinfo);
    lint_run_free(&run);
    scan_free(scan);
    strings_free(&arguments);
    return result;
}

static void test_file(void **state)
{
    const char *path = *state;
    char *text = NULL, *output = NULL;
    size_t size, output_size;
    assert_int_equal(file_read(NULL, path, 0, &text, &size), 0);
    struct strings needs = marked_words(text, "//~ needs ");
    bool runs = access(tools.clippy, X_OK) == 0 && needs.count == 0;
    strings_free(&needs);
    if (!runs) {
        free(text);
        skip(); /* jumps, which its declaration does not say */
        return;
    }
    FILE *stream = open_memstream(&output, &output_size);
    struct diag *diag = diag_new(&(struct diag_options){.format = DIAG_JSON, .stream = stream});
    struct strings editions = marked_words(text, "//~ edition ");
    struct strings wanted = marked_words(text, "//~ REX");
    int result = check(diag, path, editions.count > 0 ? atoi(editions.items[0]) : 2024);
    fclose(stream);

    if (wanted.count == 0 && result != 0)
        fail_msg("%s is refused:\n%s", path, output);
    if (wanted.count > 0 && result == 0)
        fail_msg("%s is not refused:\n%s", path, output);
    for (size_t i = 0; i < wanted.count; i++)
        if (!strstr(output, wanted.items[i]))
            fail_msg("%s: no %s in:\n%s", path, wanted.items[i], output);
    if (wanted.count > 0)
        assert_true(diag_exit_status(diag) == 1);
    /* Each path of the configuration exists. */
    assert_null(strstr(output, "clippy.toml"));
    diag_free(diag);
    strings_free(&editions);
    strings_free(&wanted);
    free(text);
    free(output);
}

int main(void)
{
    glob_t found;
    if (glob(ATTACKS_DIRECTORY "/*/*.rs", 0, NULL, &found) != 0)
        return 1;
    struct CMUnitTest *tests = calloc(found.gl_pathc, sizeof(*tests));
    if (!tests)
        return 1;
    for (size_t i = 0; i < found.gl_pathc; i++)
        tests[i] = (struct CMUnitTest){.name = found.gl_pathv[i] + strlen(ATTACKS_DIRECTORY "/"),
                                       .test_func = test_file,
                                       .initial_state = found.gl_pathv[i]};
    int failed = _cmocka_run_group_tests("lint_attacks", tests, found.gl_pathc, set_up, tear_down);
    free(tests);
    globfree(&found);
    return failed;
}
