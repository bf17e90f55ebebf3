/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/clippy.h"
#include "base/diag.h"
#include "base/file.h"
#include "lint/messages.h"
#include "lint/policy.h"
#include "lint/scan.h"

#include <stdlib.h>
#include <string.h>

/* A dep-info of more than 16 MiB is none. */
enum { MAX_DEPINFO = 16 << 20 };

/* Clippy's lints that policy_items configure. */
static const char *const configured_lints[] = {
    "clippy::disallowed_methods", "clippy::disallowed_types", "clippy::disallowed_macros"};

void lint_compile_arguments(struct strings *arguments)
{
    strings_add(arguments, "--cfg=clippy");
    strings_add(arguments, "--cap-lints=allow");
    /* Or they follow -Copt-level, which only the compiler gets: #[cfg(debug_assertions)] would be
     * one program for the lint and another for the compiler. */
    strings_add(arguments, "-Cdebug-assertions=no");
    strings_add(arguments, "-Zallow-features=");
    strings_add(arguments, "-Zchecksum-hash-algorithm=sha256");
    /* Or an error about a long type leaves a file beside the author's sources. */
    strings_add(arguments, "-Zwrite-long-types-to-disk=no");
}

/* What the compile run says about lints and messages is not for the lint run. (clippy-driver under
 * --cap-lints=allow lints nothing at all, unless a clippy lint is forced.) */
static bool is_left_out(const char *argument)
{
    static const char *const options[] = {"--cap-lints", "--error-format", "--json"};
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (strncmp(argument, options[i], strlen(options[i])) == 0)
            return true;
    return false;
}

static void add_arguments(const struct lint_request *request, bool color, struct strings *arguments,
                          const char *depinfo)
{
    strings_add(arguments, request->clippy);
    for (size_t i = 0; i < request->arguments->count; i++) {
        const char *argument = request->arguments->items[i];
        if (!is_left_out(argument))
            strings_add(arguments, argument);
        else if (!strchr(argument, '='))
            i++; /* its value */
    }
    strings_format(arguments, "--emit=metadata=%s/%s.lint.rmeta,dep-info=%s", request->directory,
                   request->crate, depinfo);
    strings_add(arguments, "--error-format=json");
    if (color)
        strings_add(arguments, "--json=diagnostic-rendered-ansi");
    /* Denied by default, though it is advice and no part of the policy. */
    strings_add(arguments, "-Wclippy::correctness");
    for (size_t i = 0; i < sizeof(configured_lints) / sizeof(configured_lints[0]); i++)
        strings_format(arguments, "--force-warn=%s", configured_lints[i]);
    for (size_t i = 0; i < policy_lint_count; i++)
        strings_format(arguments, "--force-warn=%s", policy_lints[i].lint);
}

/* Writes clippy.toml unless it is there as it should be: an unchanged file keeps its time. */
static int write_configuration(struct diag *diag, const char *path)
{
    struct buffer toml = {0};
    policy_clippy_toml(&toml);
    char *old = NULL;
    size_t size = 0;
    int result = 0;
    bool same = file_exists(path) && file_read(diag, path, 0, &old, &size) == 0 &&
                size == toml.length && memcmp(old, toml.data, size) == 0;
    if (!same)
        result = file_write_cache(diag, path, toml.data, toml.length, 0600);
    free(old);
    buffer_free(&toml);
    return result;
}

int lint_command(struct diag *diag, const struct lint_request *request, struct lint_run *run)
{
    *run = (struct lint_run){0};
    run->configuration = path_join(request->directory, "clippy.toml");
    run->depinfo = must_format("%s/%s.lint.d", request->directory, request->crate);
    if (file_make_directories(diag, request->directory, 0700) < 0 ||
        write_configuration(diag, run->configuration) < 0 ||
        (file_exists(run->depinfo) && file_remove_tree(diag, run->depinfo) < 0))
        return -1;

    add_arguments(request, diag_uses_color(diag), &run->arguments, run->depinfo);
    /* Unstable flags (-Z) need RUSTC_BOOTSTRAP; the program gets no unstable feature by it
     * (-Zallow-features). */
    strings_add(&run->environment, "RUSTC_BOOTSTRAP=1");
    strings_format(&run->environment, "CLIPPY_CONF_DIR=%s", request->directory);
    run->process.arguments = (const char *const *)run->arguments.items;
    run->process.environment = (const char *const *)run->environment.items;
    run->process.verbose = request->verbose;
    return 0;
}

void lint_run_free(struct lint_run *run)
{
    process_free(&run->process);
    strings_free(&run->arguments);
    strings_free(&run->environment);
    free(run->configuration);
    free(run->depinfo);
    *run = (struct lint_run){0};
}

static void report(struct diag *diag, enum policy_ban ban, const char *file, const char *what)
{
    const struct policy_ban_entry *entry = &policy_bans[ban];
    struct diag_message message = {
        .code = entry->code, .at.file = file, .why = entry->why, .help = entry->help};
    diag_report(diag, &message, "%s", what);
}

/* Variables that the program asked for: clippy-driver's own are its configuration. */
static int check_variables(struct diag *diag, const struct depinfo *depinfo)
{
    int result = 0;
    for (size_t i = 0; i < depinfo->variables.count; i++) {
        const char *variable = depinfo->variables.items[i];
        if (strncmp(variable, "CLIPPY_", strlen("CLIPPY_")) == 0)
            continue;
        char *what = must_format("the program asks for the environment variable `%.*s`",
                                 (int)strcspn(variable, "="), variable);
        report(diag, POLICY_ENVIRONMENT, NULL, what);
        free(what);
        result = -1;
    }
    return result;
}

static bool is_rust_file(const char *path)
{
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".rs") == 0;
}

static int check_files(struct diag *diag, const struct depinfo *depinfo)
{
    int result = 0;
    for (size_t i = 0; i < depinfo->count; i++)
        if (!is_rust_file(depinfo->files[i].path)) {
            report(diag, POLICY_INCLUDE, depinfo->files[i].path,
                   "the program includes a file that is not Rust source");
            result = -1;
        }
    return result;
}

/* Takes a file out of the list. */
static bool take_file(struct depinfo *depinfo, const char *path)
{
    for (size_t i = 0; i < depinfo->count; i++) {
        if (strcmp(depinfo->files[i].path, path) != 0)
            continue;
        free(depinfo->files[i].path);
        memmove(&depinfo->files[i], &depinfo->files[i + 1],
                (depinfo->count - i - 1) * sizeof(depinfo->files[0]));
        depinfo->count--;
        return true;
    }
    return false;
}

static int read_depinfo(struct diag *diag, const struct lint_run *run, struct depinfo *depinfo)
{
    char *text;
    size_t size;
    if (file_read(diag, run->depinfo, MAX_DEPINFO, &text, &size) < 0)
        return -1;
    const char *wrong = depinfo_parse(depinfo, text, size);
    free(text);
    if (wrong)
        return diag_error(diag, DIAG_LINT_FAILED, NULL, "%s: %s", run->depinfo, wrong);
    /* clippy-driver lists the working directory's Cargo.toml, when there is one, without reading it
     * here. The compile run does not, so that a program that includes it is caught by
     * lint_compare(). */
    take_file(depinfo, "Cargo.toml");
    /* That clippy.toml is there shows that clippy ran with our configuration. */
    if (!take_file(depinfo, run->configuration))
        return diag_error(diag, DIAG_LINT_FAILED, NULL,
                          "clippy-driver did not read its configuration %s", run->configuration);
    return 0;
}

/* The author's `#![deny(warnings)]` is meant for rustc's warnings; of clippy's advice it must not
 * make a reason to refuse. So when nothing else is wrong the lint runs again, with all of its
 * errors capped to warnings, which --force-warn is not subject to: the run is then a whole one. */
static int run_capped(struct diag *diag, struct lint_run *run)
{
    struct process *process = &run->process;
    strings_add(&run->arguments, "--cap-lints=warn");
    buffer_free(&process->out);
    buffer_free(&process->err);
    process->arguments = (const char *const *)run->arguments.items;
    return process_run(diag, process);
}

int lint_result(struct diag *diag, const struct lint_request *request, struct lint_run *run,
                struct depinfo *depinfo)
{
    const struct process *process = &run->process;
    *depinfo = (struct depinfo){0};
    if (!process->signal && process->exit_status == 1 && process->err.data &&
        messages_only_advise(process->err.data, process->err.length) && run_capped(diag, run) < 0)
        return -1;
    struct messages_result shown =
        messages_show(diag, process->err.data ? process->err.data : "", process->err.length,
                      run->configuration, request->warnings);
    int result = 0;
    if (process->signal || (process->exit_status != 0 && process->exit_status != 1) ||
        (process->exit_status == 1 && shown.errors == 0 && shown.refused == 0)) {
        if (shown.rest.length > 0)
            diag_forward(diag, "clippy", shown.rest.data, shown.rest.length);
        result = diag_error(
            diag, DIAG_LINT_FAILED, NULL,
            process->signal ? "clippy-driver died of signal %d, linting crate %s"
                            : "clippy-driver ended with exit status %d, linting crate %s",
            process->signal ? process->signal : process->exit_status, request->crate);
    } else if (shown.machine > 0) {
        result = messages_blame_machine(diag, request->crate);
    } else if (shown.errors > 0) {
        result = diag_error(diag, DIAG_COMPILE_FAILED, NULL, "crate %s does not compile",
                            request->crate);
    } else if (shown.refused > 0 || read_depinfo(diag, run, depinfo) < 0 ||
               check_variables(diag, depinfo) < 0 || check_files(diag, depinfo) < 0) {
        result = -1;
    }
    buffer_free(&shown.rest);
    if (result < 0)
        depinfo_free(depinfo);
    return result;
}

static int differ(struct diag *diag, const char *path, const char *what)
{
    struct diag_message message = {.code = DIAG_SOURCES_DIFFER,
                                   .at.file = path,
                                   .why = "what was checked must be what is compiled",
                                   .help = "build again; do not change files during a build"};
    diag_report(diag, &message, "%s", what);
    return -1;
}

int lint_compare(struct diag *diag, const struct depinfo *lint, const struct depinfo *compile,
                 const struct scan *scan)
{
    int result = check_variables(diag, compile);
    for (size_t i = 0; i < compile->count; i++) {
        const struct depinfo_file *file = &compile->files[i];
        const struct depinfo_file *linted = depinfo_find(lint, file->path);
        const char *scanned = scan_find_sha256(scan, file->path);
        if (!linted)
            result = differ(diag, file->path, "the compiler read a file that the lint did not");
        else if (!scanned)
            result = differ(diag, file->path, "the compiler read a file that was not scanned");
        else if (!*file->sha256 || strcmp(file->sha256, linted->sha256) != 0 ||
                 strcmp(file->sha256, scanned) != 0)
            result = differ(diag, file->path, "the file changed during the build");
    }
    for (size_t i = 0; i < lint->count; i++)
        if (!depinfo_find(compile, lint->files[i].path))
            result =
                differ(diag, lint->files[i].path, "the lint read a file that the compiler did not");
    return result;
}
