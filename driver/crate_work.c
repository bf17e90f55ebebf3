/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/crate_work.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/compile.h"
#include "driver/pass_report.h"
#include "lint/clippy.h"
#include "lint/messages.h"
#include "lint/policy.h"
#include "lint/scan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A dep-info of more than 16 MiB is none. */
#define DEPINFO_SIZE_MAX ((size_t)16 << 20)

/* --- values that decide --- */

static void add_tool_values(const struct crates *crates, struct inputs *values)
{
    inputs_value(values, "rexc", crates->context->installation->identity);
    inputs_value(values, "the toolchain", crates->context->toolchain->identity);
    inputs_value(values, "the sysroot", crates->context->sysroot->key);
}

static void add_arguments_value(const struct strings *arguments, struct inputs *values)
{
    char hex[HASH_HEX_SIZE];
    struct hash *hash = hash_begin();
    for (size_t i = 0; i < arguments->count; i++)
        hash_add_string(hash, arguments->items[i]);
    hash_end(hash, hex);
    inputs_value(values, "the command line", hex);
}

/* Every crate below: a change anywhere may change what the compiler makes of this one. */
static void add_crate_values(const struct crates *crates, const struct crate_job *job, bool *seen,
                             struct inputs *values)
{
    for (size_t i = 0; i < job->use_count; i++) {
        size_t used = job->uses[i].crate;
        if (job->uses[i].place != PLACE_PACKAGE || seen[used])
            continue;
        seen[used] = true;
        const struct crate_job *other = &crates->jobs[used];
        char *name = must_format("crate %s", other->title);
        inputs_value(values, name, digests_of(crates->context->digests, other->output));
        free(name);
        add_crate_values(crates, other, seen, values);
    }
}

static void add_used_crates(const struct crates *crates, const struct crate_job *job,
                            struct inputs *values)
{
    bool *seen = must_alloc(crates->count, sizeof(*seen));
    add_crate_values(crates, job, seen, values);
    free(seen);
}

static void set_values(struct crates *crates, struct work *work)
{
    const struct crate_context *context = crates->context;
    char policy[HASH_HEX_SIZE];
    struct strings command = {0};

    compile_arguments(&work->request, work->job->output, "", &command);
    add_tool_values(crates, &work->compile_values);
    add_arguments_value(&command, &work->compile_values);
    add_used_crates(crates, work->job, &work->compile_values);
    for (size_t i = 0; context->checks && i < context->checks->count; i++)
        inputs_value(&work->compile_values, "stack check", context->checks->items[i]);
    strings_free(&command);

    policy_digest(policy);
    add_tool_values(crates, &work->lint_values);
    inputs_value(&work->lint_values, "the policy", policy);
    add_arguments_value(&work->shared, &work->lint_values);
    add_used_crates(crates, work->job, &work->lint_values);
}

/* --- records --- */

static int compare_files(const void *a, const void *b)
{
    return strcmp(((const struct depinfo_file *)a)->path, ((const struct depinfo_file *)b)->path);
}

/* The files of a record, in the form of dep-info. */
static struct depinfo files_of_record(const struct record *record)
{
    struct depinfo depinfo = {0};
    depinfo.files = must_alloc(record->inputs.count, sizeof(*depinfo.files));
    for (size_t i = 0; i < record->inputs.count; i++) {
        const struct input *input = &record->inputs.items[i];
        if (input->kind != INPUT_FILE)
            continue;
        struct depinfo_file *file = &depinfo.files[depinfo.count++];
        file->path = must_copy(input->name);
        snprintf(file->sha256, sizeof(file->sha256), "%s", input->value);
    }
    qsort(depinfo.files, depinfo.count, sizeof(*depinfo.files), compare_files);
    return depinfo;
}

static void explain(const struct crates *crates, const struct work *work, const char *what,
                    const char *reason)
{
    if (crates->context->verbose)
        fprintf(stderr, "# %s %s: %s\n", what, work->job->title, reason);
}

/* True when the record still holds; then *files are what it was made from, and facts are added. */
static bool is_fresh(const struct crates *crates, const struct work *work, const char *what,
                     const char *path, const struct inputs *values, struct depinfo *files,
                     struct strings *facts)
{
    struct record record;
    if (!record_load(crates->context->key, path, &record)) {
        explain(crates, work, what, "no record of it");
        return false;
    }
    char *reason = record_stale(&record, values, crates->context->digests);
    if (reason)
        explain(crates, work, what, reason);
    else
        *files = files_of_record(&record);
    for (size_t i = 0; !reason && i < record.outputs.count; i++) {
        if (record.outputs.items[i].kind == INPUT_VALUE)
            strings_add(facts, record.outputs.items[i].value);
    }
    record_free(&record);
    bool fresh = !reason;
    free(reason);
    return fresh;
}

/* facts: what later builds must know of the outputs without making them. */
static int save(const struct crates *crates, const char *path, const struct inputs *values,
                const struct depinfo *files, const char *const *outputs,
                const struct strings *facts)
{
    struct record record = {0};
    for (size_t i = 0; i < values->count; i++)
        inputs_value(&record.inputs, values->items[i].name, values->items[i].value);
    for (size_t i = 0; i < files->count; i++)
        inputs_file(&record.inputs, files->files[i].path, files->files[i].sha256);
    for (size_t i = 0; outputs[i]; i++) {
        digests_forget(crates->context->digests, outputs[i]);
        inputs_now(&record.outputs, crates->context->digests, INPUT_FILE, outputs[i]);
    }
    for (size_t i = 0; facts && i < facts->count; i++)
        inputs_value(&record.outputs, "check", facts->items[i]);
    int result = record_save(crates->diag, crates->context->key, path, &record);
    record_free(&record);
    return result;
}

/* Takes the terminal's color codes out of JSON text ("\\u001b[1m"), in place. Returns the new
 * length. */
static size_t remove_colors(char *text)
{
    static const char begin[] = "\\u001b[";
    char *out = text;
    for (const char *at = text; *at;) {
        if (strncmp(at, begin, strlen(begin)) == 0) {
            at += strlen(begin);
            at += strspn(at, "0123456789;");
            at += *at == 'm';
        } else {
            *out++ = *at++;
        }
    }
    *out = '\0';
    return (size_t)(out - text);
}

/* --- before --- */

/* NAME=PATH of everything that the source may name. */
static void list_externs(const struct crates *crates, const struct crate_job *job,
                         struct strings *externs)
{
    const struct sysroot *sysroot = crates->context->sysroot;
    for (size_t i = 0; i < job->use_count; i++) {
        const struct crate_use *use = &job->uses[i];
        const char *path = use->place == PLACE_REX          ? sysroot->rex
                           : use->place == PLACE_REX_MACROS ? sysroot->rex_macros
                                                            : crates->jobs[use->crate].output;
        strings_format(externs, "%s=%s", use->name, path);
    }
    strings_add_all(externs, &job->libraries);
}

void crate_work_begin(const struct crates *crates, struct work *work)
{
    const struct crate_context *context = crates->context;
    const struct crate_job *job = work->job;
    list_externs(crates, job, &work->externs);
    work->request = (struct compile_request){
        .toolchain = context->toolchain,
        .sysroot = context->sysroot,
        .name = job->name,
        .source = job->source,
        .edition = job->edition,
        .identity = job->identity,
        .program = job->program,
        .features = &job->features,
        .known_features = &job->known_features,
        .externs = &work->externs,
        .search = context->search,
        .remaps = &job->remaps,
        .optimisation = context->optimisation,
        .debug = context->debug,
    };
    compile_shared_arguments(&work->request, &work->shared);
    work->directory = must_format("%s/%zu", crates->directory, (size_t)(work - crates->works));
    work->compile_record = must_format("%s.record", job->stem);
    work->lint_record = must_format("%s.lint.record", job->stem);
    work->messages = must_format("%s.messages", job->stem);
    work->expanded = must_format("%s.expanded", job->stem);
}

/* The pass is told what to do, and where to say what it did, by a file. */
static int write_pass_config(const struct crates *crates, const struct work *work)
{
    const struct strings *checks = crates->context->checks;
    struct buffer text = {0};
    buffer_format(&text, "rexpass 1\nmode %s\nreport %s\n", checks ? "list" : "none",
                  work->pass_report);
    for (size_t i = 0; checks && i < checks->count; i++)
        buffer_format(&text, "check %s\n", checks->items[i]);
    FILE *file = fopen(work->pass_config, "we");
    bool good = !text.failed && file && fwrite(text.data, 1, text.length, file) == text.length;
    if (file && fclose(file))
        good = false;
    buffer_free(&text);
    return good ? 0
                : diag_error(crates->diag, DIAG_CANNOT_WRITE, NULL, "cannot write '%s': %s",
                             work->pass_config, strerror(errno));
}

/* The compiler writes into this run's own directory: a compiler of an interrupted run may still be
 * at work. */
static int prepare_compile(struct crates *crates, struct work *work)
{
    work->fresh_output = path_join(work->directory, path_basename(work->job->output));
    work->fresh_depinfo = must_format("%s.d", work->fresh_output);
    work->pass_config = path_join(work->directory, "pass.config");
    work->pass_report = path_join(work->directory, "pass.report");
    compile_arguments(&work->request, work->fresh_output, work->fresh_depinfo, &work->arguments);
    toolchain_environment(&work->environment);
    strings_format(&work->environment, "REXC_PASS_CONFIG=%s", work->pass_config);
    work->process.arguments = (const char *const *)work->arguments.items;
    work->process.environment = (const char *const *)work->environment.items;
    work->process.verbose = crates->context->verbose;
    return write_pass_config(crates, work);
}

static bool shows_warnings(const struct crates *crates, const struct work *work)
{
    return work->job->own && !crates->context->errors_only;
}

static int prepare_lint(struct crates *crates, struct work *work)
{
    work->lint_request = (struct lint_request){
        .clippy = crates->context->toolchain->tools[TOOL_CLIPPY].path,
        .arguments = &work->shared,
        .crate = work->job->name,
        .directory = work->directory,
        .warnings = shows_warnings(crates, work),
        .verbose = crates->context->verbose,
    };
    return lint_command(crates->diag, &work->lint_request, &work->lint);
}

void crate_work_prepare_expansion(const struct crates *crates, struct work *work)
{
    expansion_command(crates->context->toolchain->tools[TOOL_RUSTC].path, &work->shared,
                      crates->context->verbose, &work->expansion);
    work->expands = true;
}

int crate_work_prepare(struct crates *crates, struct work *work)
{
    const struct crate_context *context = crates->context;
    bool is_last = work->job == &crates->jobs[crates->count - 1];
    int edition = atoi(work->job->edition);

    set_values(crates, work);
    work->compiles = !(context->check_only && is_last) &&
                     !is_fresh(crates, work, "compile", work->compile_record, &work->compile_values,
                               &work->compiled, &crates->placed);
    work->lints = !context->recompile && !is_fresh(crates, work, "lint", work->lint_record,
                                                   &work->lint_values, &work->linted, NULL);
    if (!work->compiles && !work->lints)
        return 0;
    if (file_make_directories(crates->diag, work->directory, 0777))
        return -1;
    if (work->compiles && prepare_compile(crates, work))
        return -1;
    if (!work->lints)
        return 0;
    crates->scan_is_stale = true;
    /* What is seen to be refused in the root file is refused before anything is made of it. */
    if (scan_file(crates->scan, crates->diag, work->job->source, edition))
        return -1;
    if (scan_needs_expansion(crates->scan))
        crate_work_prepare_expansion(crates, work);
    return prepare_lint(crates, work);
}

/* --- after --- */

static int read_depinfo(const struct crates *crates, const char *path, struct depinfo *depinfo)
{
    char *text;
    size_t size;
    if (file_read(crates->diag, path, DEPINFO_SIZE_MAX, &text, &size))
        return -1;
    const char *wrong = depinfo_parse(depinfo, text, size);
    free(text);
    return wrong ? diag_error(crates->diag, DIAG_COMPILE_FAILED, NULL, "'%s': %s", path, wrong) : 0;
}

/* Scans what the compiler says it read; that is known even when it then found errors. */
static int scan_files(struct crates *crates, struct work *work)
{
    const struct depinfo *files = work->compiles ? &work->compiled : &work->linted;
    int edition = atoi(work->job->edition);
    int result = 0;
    for (size_t i = 0; i < files->count; i++) {
        if (compile_check_path(crates->diag, files->files[i].path) ||
            scan_file(crates->scan, crates->diag, files->files[i].path, edition))
            result = -1;
    }
    return result;
}

static int report_compile_failure(const struct crates *crates, struct work *work)
{
    const struct process *process = &work->process;
    const char *text = process->err.data ? process->err.data : "";
    bool by_pass = strstr(text, "rexpass: ") != NULL;
    struct messages_result shown =
        messages_show(crates->diag, text, process->err.length, "", false);
    if (shown.rest.length)
        diag_forward(crates->diag, "rustc", shown.rest.data, shown.rest.length);
    buffer_free(&shown.rest);
    if (by_pass)
        return diag_error(crates->diag, DIAG_PASS_REFUSED, NULL, "%s cannot be compiled",
                          work->job->title);
    if (shown.machine)
        return messages_blame_machine(crates->diag, work->job->title);
    /* rustc ends with 1 for errors in the source, and with 101 after a panic of its own. */
    if (process->exit_status != 1)
        return diag_error(crates->diag, DIAG_COMPILER_CRASHED, "run `rexc doctor`",
                          "rustc ended with status %d, compiling %s", process->exit_status,
                          work->job->title);
    return diag_error(crates->diag, DIAG_COMPILE_FAILED, NULL, "%s does not compile",
                      work->job->title);
}

static int check_pass_report(struct crates *crates, struct work *work)
{
    struct pass_report report;
    int result = 0;
    if (pass_report_read(crates->diag, work->pass_report, &report))
        return -1;
    if (!work->job->program && report.entries.count)
        result = diag_error(crates->diag, DIAG_PASS_REFUSED,
                            "move the function with the rex attribute to the program's own crate",
                            "dependency %s has a program in it: %s", work->job->title,
                            report.entries.items[0]);
    strings_add_all(&work->placed, &report.checks);
    strings_add_all(&crates->placed, &report.checks);
    pass_report_free(&report);
    return result;
}

/* A second round compiles what the first one linted: it must be the same bytes. */
static int check_same_sources(const struct crates *crates, const struct work *work)
{
    const struct inputs *before = &work->job->sources;
    bool same = before->count == work->compiled.count;
    for (size_t i = 0; same && i < before->count; i++)
        same = strcmp(before->items[i].name, work->compiled.files[i].path) == 0 &&
               strcmp(before->items[i].value, work->compiled.files[i].sha256) == 0;
    return same ? 0
                : diag_error(crates->diag, DIAG_SOURCES_DIFFER,
                             "build again; do not change files during a build",
                             "the files of %s changed during the build", work->job->title);
}

static int keep_output(struct crates *crates, struct work *work)
{
    const char *const outputs[] = {work->job->output, NULL};
    if (rename(work->fresh_output, work->job->output))
        return diag_error(crates->diag, DIAG_CANNOT_WRITE, NULL, "cannot write '%s': %s",
                          work->job->output, strerror(errno));
    return save(crates, work->compile_record, &work->compile_values, &work->compiled, outputs,
                &work->placed);
}

/* Writes a file that the next build may use, or removes the one of an earlier build. */
static int keep_text(const struct crates *crates, const char *path, const struct buffer *text)
{
    if (text->length)
        return file_write_cache(crates->diag, path, text->data, text->length, 0644);
    unlink(path);
    return 0;
}

/* The lint run passed; the texts that it left are among its outputs. */
static int keep_lint(struct crates *crates, struct work *work)
{
    const char *outputs[3] = {0};
    size_t count = 0;
    if (file_exists(work->messages))
        outputs[count++] = work->messages;
    if (work->has_expansion)
        outputs[count++] = work->expanded;
    return save(crates, work->lint_record, &work->lint_values, &work->linted, outputs, NULL);
}

static int finish_expansion(struct crates *crates, struct work *work)
{
    struct process *process = &work->expansion.process;
    if (process->exit_status == 0 && keep_text(crates, work->expanded, &process->out))
        return -1;
    if (expansion_result(crates->diag, &work->expansion, work->job->name, atoi(work->job->edition),
                         crates->scan))
        return -1;
    work->has_expansion = true;
    return 0;
}

int crate_work_finish_expansion(struct crates *crates, struct work *work)
{
    return finish_expansion(crates, work) ? -1 : keep_lint(crates, work);
}

bool crate_work_has_expansion(const struct crates *crates, const struct work *work)
{
    struct record record;
    if (!record_load(crates->context->key, work->lint_record, &record))
        return false;
    const char *digest = inputs_find(&record.outputs, INPUT_FILE, work->expanded);
    bool has = digest && strcmp(digest, digests_of(crates->context->digests, work->expanded)) == 0;
    record_free(&record);
    return has;
}

int crate_work_reuse_expansion(struct crates *crates, struct work *work)
{
    char *text;
    size_t size;
    if (file_read(crates->diag, work->expanded, 0, &text, &size))
        return -1;
    return scan_add_expansion(crates->scan, crates->diag, work->job->name, text, size,
                              atoi(work->job->edition));
}

/* The lint run's messages of the build that made it: warnings do not go away by building again. */
static int replay_messages(const struct crates *crates, const struct work *work)
{
    char *text;
    size_t size;
    if (!shows_warnings(crates, work) || !file_exists(work->messages))
        return 0;
    if (file_read(crates->diag, work->messages, 0, &text, &size))
        return -1;
    if (!diag_uses_color(crates->diag))
        size = remove_colors(text);
    struct messages_result shown = messages_show(crates->diag, text, size, "", true);
    buffer_free(&shown.rest);
    free(text);
    return 0;
}

static int finish_lint(struct crates *crates, struct work *work)
{
    if (!work->lints)
        return crates->context->recompile ? 0 : replay_messages(crates, work);
    if (lint_result(crates->diag, &work->lint_request, &work->lint, &work->linted))
        return -1;
    if (work->expands && finish_expansion(crates, work))
        return -1;
    if (keep_text(crates, work->messages, &work->lint.process.err))
        return -1;
    return keep_lint(crates, work);
}

static int finish_compile(struct crates *crates, struct work *work)
{
    if (!work->compiles)
        return 0;
    if (work->process.exit_status != 0)
        return report_compile_failure(crates, work);
    if (check_pass_report(crates, work))
        return -1;
    return crates->context->recompile ? check_same_sources(crates, work) : 0;
}

int crate_work_finish(struct crates *crates, struct work *work)
{
    const struct crate_context *context = crates->context;
    bool ran = work->compiles || work->lints;
    bool compiled = !(context->check_only && work->job == &crates->jobs[crates->count - 1]);
    if (work->compiles && file_exists(work->fresh_depinfo) &&
        read_depinfo(crates, work->fresh_depinfo, &work->compiled))
        return -1;
    if (ran && !context->recompile && scan_files(crates, work))
        return -1;
    if (finish_lint(crates, work) || finish_compile(crates, work))
        return -1;
    if (ran && compiled && !context->recompile) {
        if (scan_files(crates, work) ||
            lint_compare(crates->diag, &work->linted, &work->compiled, crates->scan))
            return -1;
    }
    if (work->compiles && keep_output(crates, work))
        return -1;
    const struct depinfo *files = compiled ? &work->compiled : &work->linted;
    inputs_free(&work->job->sources);
    for (size_t i = 0; i < files->count; i++)
        inputs_file(&work->job->sources, files->files[i].path, files->files[i].sha256);
    return 0;
}

void crate_work_free(struct work *work)
{
    strings_free(&work->shared);
    strings_free(&work->externs);
    strings_free(&work->arguments);
    strings_free(&work->environment);
    strings_free(&work->placed);
    inputs_free(&work->compile_values);
    inputs_free(&work->lint_values);
    process_free(&work->process);
    lint_run_free(&work->lint);
    expansion_run_free(&work->expansion);
    depinfo_free(&work->compiled);
    depinfo_free(&work->linted);
    free(work->directory);
    free(work->compile_record);
    free(work->lint_record);
    free(work->messages);
    free(work->expanded);
    free(work->fresh_output);
    free(work->fresh_depinfo);
    free(work->pass_config);
    free(work->pass_report);
}
