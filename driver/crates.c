/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/crates.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/compile.h"
#include "driver/crate_work.h"
#include "lint/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- processes --- */

/* Processes of a wave, run so many at once as the user allows. */
struct batch {
    struct process **items;
    size_t count;
};

static void batch_add(struct batch *batch, struct process *process)
{
    batch->items = must_grow(batch->items, batch->count + 1, sizeof(struct process *));
    batch->items[batch->count++] = process;
}

static int batch_run(const struct crates *crates, struct batch *batch)
{
    size_t at_once = crates->context->jobs ? crates->context->jobs : 1;
    int result = 0;
    for (size_t begin = 0; begin < batch->count && result == 0; begin += at_once) {
        size_t started = 0;
        size_t want = batch->count - begin < at_once ? batch->count - begin : at_once;
        while (started < want && result == 0) {
            result = process_start(crates->diag, batch->items[begin + started]);
            started += result == 0;
        }
        /* Those that were started are waited for in any case. */
        if (process_wait_all(crates->diag, batch->items + begin, started))
            result = -1;
    }
    free(batch->items);
    *batch = (struct batch){0};
    return result;
}

/* -###: what batch_run would run. */
static void batch_print(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        process_print(batch->items[i]);
    free(batch->items);
    *batch = (struct batch){0};
}

static void add_processes(struct batch *batch, struct work *work)
{
    /* The longest first. */
    if (work->compiles)
        batch_add(batch, &work->process);
    if (work->lints)
        batch_add(batch, &work->lint.process);
    if (work->expands)
        batch_add(batch, &work->expansion.process);
}

/* --- waves --- */

static bool is_ready(const struct crates *crates, const struct work *work)
{
    for (size_t i = 0; i < work->job->use_count; i++) {
        const struct crate_use *use = &work->job->uses[i];
        if (use->place == PLACE_PACKAGE && !crates->works[use->crate].done)
            return false;
    }
    return true;
}

/* Every crate whose uses are done; each wave has at least one, as the jobs are in order. */
static int run_wave(struct crates *crates, bool *wave)
{
    struct batch batch = {0};
    for (size_t i = 0; i < crates->count; i++) {
        wave[i] = !crates->works[i].done && is_ready(crates, &crates->works[i]);
        if (!wave[i])
            continue;
        if (crate_work_prepare(crates, &crates->works[i])) {
            free(batch.items);
            return -1;
        }
        add_processes(&batch, &crates->works[i]);
    }
    if (crates->context->dry_run) {
        batch_print(&batch);
    } else {
        if (batch_run(crates, &batch))
            return -1;
        /* All of a wave are evaluated, so that one build reports what is wrong in each. */
        int result = 0;
        for (size_t i = 0; i < crates->count; i++) {
            if (wave[i] && crate_work_finish(crates, &crates->works[i]))
                result = -1;
        }
        if (result)
            return -1;
    }
    for (size_t i = 0; i < crates->count; i++)
        crates->works[i].done |= wave[i];
    return 0;
}

static bool all_done(const struct crates *crates)
{
    for (size_t i = 0; i < crates->count; i++) {
        if (!crates->works[i].done)
            return false;
    }
    return true;
}

static int run_waves(struct crates *crates)
{
    bool *wave = must_alloc(crates->count, sizeof(*wave));
    int result = 0;
    while (result == 0 && !all_done(crates))
        result = run_wave(crates, wave);
    free(wave);
    return result;
}

/* --- the scan of the whole --- */

static void add_scan_values(const struct crates *crates, struct inputs *values)
{
    char hex[HASH_HEX_SIZE];
    inputs_value(values, "rexc", crates->context->installation->identity);
    policy_digest(hex);
    inputs_value(values, "the policy", hex);
    for (size_t i = 0; i < crates->count; i++) {
        inputs_digest(&crates->jobs[i].sources, hex);
        inputs_value(values, crates->jobs[i].title, hex);
        inputs_digest(&crates->works[i].lint_values, hex);
        inputs_value(values, "its lint", hex);
    }
    const struct strings *declarations = crates->context->library_declarations;
    for (size_t i = 0; declarations && i < declarations->count; i++)
        inputs_value(values, "of a library", declarations->items[i]);
}

/* With a macro anywhere, every crate's source after expansion is looked at as well. */
static int expand_all(struct crates *crates)
{
    struct batch batch = {0};
    int result = 0;
    for (size_t i = 0; i < crates->count; i++) {
        struct work *work = &crates->works[i];
        work->expands_late = !work->expands && !crate_work_has_expansion(crates, work);
        if (!work->expands_late)
            continue;
        crate_work_prepare_expansion(crates, work);
        batch_add(&batch, &work->expansion.process);
    }
    if (batch_run(crates, &batch))
        return -1;
    for (size_t i = 0; i < crates->count && result == 0; i++) {
        struct work *work = &crates->works[i];
        if (work->expands_late)
            result = crate_work_finish_expansion(crates, work);
        else if (!work->has_expansion)
            result = crate_work_reuse_expansion(crates, work);
    }
    return result;
}

static int finish_scan(struct crates *crates)
{
    const struct crate_context *context = crates->context;
    char *path = must_format("%s/%s.scan.record", context->build, context->name);
    struct record record = {0};
    struct inputs values = {0};
    int result = -1;

    add_scan_values(crates, &values);
    if (!crates->scan_is_stale && record_load(context->key, path, &record)) {
        char *reason = record_stale(&record, &values, context->digests);
        bool fresh = !reason;
        free(reason);
        if (fresh) {
            result = 0;
            goto done;
        }
        record_free(&record);
    }
    for (size_t i = 0; i < crates->count; i++) {
        const struct inputs *sources = &crates->jobs[i].sources;
        for (size_t j = 0; j < sources->count; j++) {
            if (scan_file(crates->scan, crates->diag, sources->items[j].name,
                          atoi(crates->jobs[i].edition)))
                goto done;
        }
    }
    const struct strings *declarations = context->library_declarations;
    for (size_t i = 0; declarations && i < declarations->count; i++) {
        if (scan_declare(crates->scan, crates->diag, declarations->items[i]))
            goto done;
    }
    if ((scan_needs_expansion(crates->scan) && expand_all(crates)) ||
        scan_finish(crates->scan, crates->diag))
        goto done;
    if (context->declarations)
        scan_export(crates->scan, context->declarations);
    record.inputs = values;
    values = (struct inputs){0};
    result = record_save(crates->diag, context->key, path, &record);
done:
    record_free(&record);
    inputs_free(&values);
    free(path);
    return result;
}

/* --- the whole --- */

/* Each check that the analysis asked for must stand somewhere. */
static int check_placed(const struct crates *crates)
{
    const struct strings *checks = crates->context->checks;
    for (size_t i = 0; checks && i < checks->count; i++) {
        bool placed = false;
        for (size_t j = 0; j < crates->placed.count && !placed; j++)
            placed = strcmp(checks->items[i], crates->placed.items[j]) == 0;
        if (!placed)
            return diag_error(crates->diag, DIAG_CHECK_NOT_PLACED, NULL,
                              "no crate of the program defines '%s'", checks->items[i]);
    }
    return 0;
}

int crates_build(struct diag *diag, const struct crate_context *context, struct crate_job *jobs,
                 size_t count)
{
    struct crates crates = {.diag = diag, .context = context, .jobs = jobs, .count = count};
    int result = -1;

    /* A dry run writes nothing into the project. */
    const char *base = getenv("TMPDIR");
    crates.directory = must_format("%s/rexc-work.XXXXXX", !context->dry_run        ? context->build
                                                          : base && base[0] == '/' ? base
                                                                                   : "/tmp");
    if (!mkdtemp(crates.directory)) {
        diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot make a directory in '%s': %s",
                   context->build, strerror(errno));
        free(crates.directory);
        return -1;
    }
    /* clippy-driver names its configuration by the real path: `target` may be a symbolic link. */
    char *real = path_resolve(crates.directory);
    if (real) {
        free(crates.directory);
        crates.directory = real;
    }
    if (compile_check_build_path(diag, crates.directory)) {
        file_remove_tree(diag, crates.directory);
        free(crates.directory);
        return -1;
    }
    crates.scan = scan_new();
    crates.works = must_alloc(count, sizeof(*crates.works));
    for (size_t i = 0; i < count; i++) {
        crates.works[i].job = &jobs[i];
        if (jobs[i].libraries.count)
            scan_expect_macros(crates.scan);
        crate_work_begin(&crates, &crates.works[i]);
    }
    if (run_waves(&crates))
        goto done;
    if (!context->dry_run && !context->recompile && finish_scan(&crates))
        goto done;
    if (!context->dry_run && check_placed(&crates))
        goto done;
    result = 0;
done:
    for (size_t i = 0; i < count; i++)
        crate_work_free(&crates.works[i]);
    free(crates.works);
    scan_free(crates.scan);
    strings_free(&crates.placed);
    if (file_remove_tree(diag, crates.directory))
        result = -1;
    free(crates.directory);
    return result;
}

void crate_jobs_free(struct crate_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct crate_job *job = &jobs[i];
        free(job->title);
        free(job->name);
        free(job->source);
        free(job->edition);
        free(job->identity);
        strings_free(&job->features);
        strings_free(&job->known_features);
        strings_free(&job->remaps);
        strings_free(&job->libraries);
        for (size_t j = 0; j < job->use_count; j++)
            free(job->uses[j].name);
        free(job->uses);
        free(job->stem);
        free(job->output);
        inputs_free(&job->sources);
    }
    free(jobs);
}
