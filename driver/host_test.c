/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/host_test.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/process.h"
#include "driver/compile.h"
#include "driver/fingerprint.h"
#include "driver/project.h"
#include "driver/session.h"
#include "lint/depinfo.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

struct host_test {
    struct diag *diag;
    const struct build_options *options;
    const struct session *session;
    const struct project *project;
    struct sysroot sysroot;
    char *directory; /* of what is compiled */
};

static char *library_path(const struct host_test *test, size_t crate)
{
    const struct crate *library = &test->project->crates[crate];
    char id[HASH_HEX_SIZE];
    hash_bytes(library->identity, strlen(library->identity), id);
    return must_format("%s/lib%s-%.16s.rlib", test->directory, library->name, id);
}

static void add_features(const struct package *package, struct strings *arguments)
{
    struct buffer known = {0};
    for (size_t i = 0; i < package->enabled.count; i++)
        strings_format(arguments, "--cfg=feature=\"%s\"", package->enabled.items[i]);
    for (size_t i = 0; i < package->feature_count; i++)
        buffer_format(&known, "%s\"%s\"", i ? "," : "", package->features[i].name);
    strings_format(arguments, "--check-cfg=cfg(feature,values(%s))", known.data ? known.data : "");
    strings_add(arguments, "--check-cfg=cfg(docsrs,test)");
    buffer_free(&known);
}

/* The compiler's command for a crate: as a library, or with its tests as a program. */
static void list_arguments(const struct host_test *test, size_t index, bool tests,
                           const char *output, struct strings *arguments)
{
    const struct crate *crate = &test->project->crates[index];
    char id[HASH_HEX_SIZE];
    strings_add(arguments, test->session->toolchain.tools[TOOL_RUSTC].path);
    strings_format(arguments, "--crate-name=%s", crate->name);
    strings_format(arguments, "--edition=%s", crate->target->edition);
    strings_add(arguments, tests ? "--test" : "--crate-type=rlib");
    strings_add(arguments, "-Copt-level=0");
    strings_add(arguments, "-Cdebuginfo=1");
    add_features(crate->package, arguments);
    hash_bytes(crate->identity, strlen(crate->identity), id);
    strings_format(arguments, "-Cmetadata=%.16s", id);
    for (size_t i = 0; i < crate->use_count; i++) {
        const struct crate_use *use = &crate->uses[i];
        if (use->development && !tests)
            continue;
        char *library = use->place == PLACE_PACKAGE ? library_path(test, use->crate) : NULL;
        strings_format(arguments, "--extern=%s=%s", use->name,
                       use->place == PLACE_REX          ? test->sysroot.host_rex
                       : use->place == PLACE_REX_MACROS ? test->sysroot.rex_macros
                                                        : library);
        free(library);
    }
    strings_format(arguments, "-L%s", test->sysroot.host);
    strings_format(arguments, "-Ldependency=%s", test->directory);
    strings_format(arguments, "--color=%s", diag_uses_color(test->diag) ? "always" : "never");
    strings_add(arguments, "-Zchecksum-hash-algorithm=sha256");
    /* What the compiler makes on its way is not for the working directory (driver/compile.c). */
    strings_format(arguments, "-Ztemps-dir=%s", test->directory);
    strings_format(arguments, "--out-dir=%s", test->directory);
    strings_format(arguments, "--emit=link=%s,dep-info=%s.d", output, output);
    strings_add(arguments, project_shown(test->project, crate->target->source));
}

/* What decides about a compilation besides the files that it reads. */
static struct inputs list_values(const struct host_test *test, size_t index, bool tests,
                                 const struct strings *arguments)
{
    const struct crate *crate = &test->project->crates[index];
    struct inputs values = {0};
    inputs_value(&values, "the compiler", test->session->toolchain.rustc_verbose);
    for (size_t i = 0; i < arguments->count; i++)
        inputs_value(&values, "an argument", arguments->items[i]);
    for (size_t i = 0; i < crate->use_count; i++) {
        const struct crate_use *use = &crate->uses[i];
        if (use->place != PLACE_PACKAGE || (use->development && !tests))
            continue;
        char *library = library_path(test, use->crate);
        inputs_value(&values, library, digests_of(test->session->digests, library));
        free(library);
    }
    return values;
}

static bool is_fresh(const struct host_test *test, const char *path, const struct inputs *values)
{
    struct record record;
    if (!record_load(&test->session->key, path, &record))
        return false;
    char *reason = record_stale(&record, values, test->session->digests);
    bool fresh = !reason;
    free(reason);
    record_free(&record);
    return fresh;
}

/* Records what was compiled. What cannot be recorded is compiled again the next time. */
static int save(const struct host_test *test, const char *path, const struct inputs *values,
                const char *output)
{
    char *list = must_format("%s.d", output), *text = NULL;
    size_t size;
    struct record record = {0};
    struct depinfo depinfo = {0};
    int result = file_read(test->diag, list, 0, &text, &size);
    bool known = result == 0 && !depinfo_parse(&depinfo, text, size);
    for (size_t i = 0; i < values->count; i++)
        inputs_value(&record.inputs, values->items[i].name, values->items[i].value);
    for (size_t i = 0; known && i < depinfo.count; i++) {
        inputs_file(&record.inputs, depinfo.files[i].path, depinfo.files[i].sha256);
        known = depinfo.files[i].sha256[0] != '\0';
    }
    inputs_now(&record.outputs, test->session->digests, INPUT_FILE, output);
    if (known)
        result = record_save(test->diag, &test->session->key, path, &record);
    record_free(&record);
    depinfo_free(&depinfo);
    free(text);
    free(list);
    return result;
}

/* GNU ld's and lld's words for it. */
static bool lacks_main(const struct buffer *messages)
{
    return messages->data && (strstr(messages->data, "undefined reference to `main'") ||
                              strstr(messages->data, "undefined symbol: main\n"));
}

static int compile(const struct host_test *test, size_t index, bool tests, const char *output)
{
    const struct crate *crate = &test->project->crates[index];
    struct strings arguments = {0}, environment = {0};
    struct process process = {.verbose = test->options->pipeline.verbose};
    char *path = must_format("%s.record", output);
    int result = 0;
    list_arguments(test, index, tests, output, &arguments);
    toolchain_environment(&environment);
    struct inputs values = list_values(test, index, tests, &arguments);
    process.arguments = (const char *const *)arguments.items;
    process.environment = (const char *const *)environment.items;
    if (test->options->pipeline.dry_run) {
        process_print(&process);
        goto done;
    }
    if (is_fresh(test, path, &values))
        goto done;
    result = process_run(test->diag, &process);
    if (result)
        goto done;
    digests_forget(test->session->digests, output);
    if (process.err.length)
        diag_forward(test->diag, "rustc", process.err.data, process.err.length);
    result = process.exit_status == 0
                 ? 0
                 : diag_error(test->diag, DIAG_COMPILE_FAILED,
                              lacks_main(&process.err)
                                  ? "write #![cfg_attr(not(test), no_main)] for #![no_main]: the "
                                    "tests have a main of their own"
                                  : NULL,
                              "%s does not compile%s", crate->target->name,
                              tests ? " with its tests" : "");
    /* What the compiler warned of, it shall say again. */
    if (result == 0 && process.err.length == 0)
        result = save(test, path, &values, output);
done:
    inputs_free(&values);
    free(path);
    process_free(&process);
    strings_free(&arguments);
    strings_free(&environment);
    return result;
}

/* Runs a test program as if the user had: it may read, print, and look at the environment. */
static int run(const struct host_test *test, const char *program, char *const *arguments)
{
    struct strings all = {0};
    int status = 0;
    pid_t pid;
    strings_add(&all, program);
    for (size_t i = 0; arguments[i]; i++)
        strings_add(&all, arguments[i]);
    fflush(stdout);
    int error = posix_spawn(&pid, program, NULL, NULL, all.items, environ);
    strings_free(&all);
    if (error)
        return diag_error(test->diag, DIAG_CANNOT_RUN, NULL, "cannot run '%s': %s", program,
                          strerror(error));
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return diag_error(test->diag, DIAG_CANNOT_RUN, NULL, "cannot wait for '%s': %s",
                              program, strerror(errno));
    }
    if (WIFSIGNALED(status))
        return diag_error(test->diag, DIAG_TEST_FAILED, NULL, "the tests died of signal %d (%s)",
                          WTERMSIG(status), strsignal(WTERMSIG(status)));
    return WEXITSTATUS(status) == 0
               ? 0
               : diag_error(test->diag, DIAG_TEST_FAILED, NULL, "the tests did not pass");
}

static int test_crate(const struct host_test *test, size_t index, char *const *arguments)
{
    const struct crate *crate = &test->project->crates[index];
    char *program = must_format("%s/%s%s", test->directory, crate->target->name,
                                crate->target->kind == TARGET_PROGRAM ? ".test" : ".library.test");
    int result = compile(test, index, true, program);
    if (result == 0 && !test->options->pipeline.dry_run)
        result = run(test, program, arguments);
    free(program);
    return result;
}

static int test_all(struct host_test *test, char *const *arguments)
{
    const struct project *project = test->project;
    int result = 0;
    for (size_t i = 0; i < project->crate_count; i++) {
        if (project->crates[i].target->kind != TARGET_LIBRARY)
            continue;
        char *library = library_path(test, i);
        int compiled = compile(test, i, false, library);
        free(library);
        if (compiled)
            return -1;
    }
    for (size_t i = 0; i < project->crate_count; i++) {
        if (project->crates[i].package == project->root && test_crate(test, i, arguments))
            result = -1;
    }
    return result;
}

int host_test(struct diag *diag, const struct build_options *options, char *const *arguments)
{
    struct session session;
    struct project *project = NULL;
    struct feature_request features = options->features;
    struct host_test test = {.diag = diag, .options = options, .session = &session};
    struct sysroot_options sysroot = {
        .variant = SYSROOT_PLAIN,
        .verbose = options->pipeline.verbose,
        .dry_run = options->pipeline.dry_run,
        .progress = !options->pipeline.quiet,
    };
    char *manifest = path_join(options->directory, "Cargo.toml");
    char *build = path_join(options->directory, "target/rex/.build");
    int lock = -1;
    int result = -1;

    features.development = true;
    features.target = CFG_HOST;
    if (session_begin(diag, options->pipeline.verbose, options->pipeline.dry_run, &session))
        goto done;
    if (!options->pipeline.dry_run && file_exists(manifest)) {
        lock = build_lock(diag, build, options->pipeline.quiet);
        if (lock < 0)
            goto done;
    }
    struct project_options project_options = {
        .directory = options->directory,
        .package = options->package,
        .program = options->program,
        .features = &features,
        .toolchain = &session.toolchain,
        .installation = &session.installation,
        .key = &session.key,
        .digests = session.digests,
        .dry_run = options->pipeline.dry_run,
        .library_is_enough = true,
        .verbose = options->pipeline.verbose,
    };
    if (project_load(diag, &project_options, &project) ||
        sysroot_prepare(diag, &session.toolchain, &sysroot, &test.sysroot) ||
        sysroot_prepare_host(diag, &session.toolchain, &sysroot, &test.sysroot))
        goto done;
    test.project = project;
    test.directory = must_format("%s/test", project->build);
    if (compile_check_build_path(diag, test.directory) ||
        (!options->pipeline.dry_run && file_make_directories(diag, test.directory, 0777)))
        goto done;
    if (chdir(project->directory)) {
        diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot enter '%s': %s", project->directory,
                   strerror(errno));
        goto done;
    }
    result = test_all(&test, arguments);
done:
    free(test.directory);
    sysroot_free(&test.sysroot);
    project_free(project);
    session_end(&session);
    if (lock >= 0)
        close(lock);
    free(build);
    free(manifest);
    return result;
}
