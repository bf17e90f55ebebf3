/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/checks.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/archive.h"
#include "driver/pipeline.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the pass names the code behind a check (llvm-pass/README.md, "Stack checks"). */
#define BODY_SUFFIX ".rex_body"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_unique(struct strings *list)
{
    size_t kept = 0;
    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof(*list->items), compare_names);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->items[kept - 1], list->items[i]) == 0)
            free(list->items[i]);
        else
            list->items[kept++] = list->items[i];
    }
    list->count = kept;
    list->items[kept] = NULL;
}

/* Functions into which the compiler can put a check: those of the program's own crates. */
static int list_own_functions(struct pipeline *pipeline, struct strings *functions)
{
    for (size_t i = 0; i < pipeline->job_count; i++) {
        if (archive_functions(pipeline->diag, pipeline->jobs[i].output, functions))
            return -1;
    }
    sort_unique(functions);
    return 0;
}

/* Functions of core, the builtins and the rex crate that carry a check when built with checks. */
static int list_checked(struct pipeline *pipeline, struct strings *functions)
{
    const struct sysroot *sysroot = &pipeline->checked_sysroot;
    const char *const archives[] = {sysroot->core, sysroot->builtins, sysroot->rex};
    struct strings all = {0};
    int result = 0;
    for (size_t i = 0; i < sizeof(archives) / sizeof(archives[0]) && result == 0; i++)
        result = archive_functions(pipeline->diag, archives[i], &all);
    for (size_t i = 0; i < all.count; i++) {
        size_t length = strlen(all.items[i]), suffix = strlen(BODY_SUFFIX);
        if (length > suffix && strcmp(all.items[i] + length - suffix, BODY_SUFFIX) == 0)
            strings_take(functions, must_copy_length(all.items[i], length - suffix));
    }
    strings_free(&all);
    sort_unique(functions);
    return result;
}

static int analyse(struct pipeline *pipeline, struct diag *diag, enum stack_round round,
                   const struct strings *own, const struct strings *checked)
{
    struct stack_options options = {.limit = pipeline->options->stack_limit,
                                    .round = round,
                                    .cross_check = true,
                                    .sizes = true};
    if (own) {
        options.may_check = (const char *const *)own->items;
        options.may_check_count = own->count;
    }
    if (checked) {
        options.checked = (const char *const *)checked->items;
        options.checked_count = checked->count;
    }
    stack_result_free(pipeline->stack);
    pipeline->stack = NULL;
    return stack_analyse(diag, pipeline->image, pipeline->code, &options, &pipeline->stack);
}

/*
 * The usual case is a program without a circle, and then this is all there is. Where there is one,
 * the analysis may find no cut among the program's functions alone, as core's circles need a core
 * with checks: that is no error yet, so this first look keeps what it finds to itself. Returns 0
 * with the bounds, 1 when there is a circle, and -1 when something else is wrong.
 */
static int look(struct pipeline *pipeline, const struct strings *own)
{
    char *text = NULL;
    size_t size = 0;
    char recursion[16];
    struct diag_options options = {.color = DIAG_COLOR_NEVER,
                                   .stream = open_memstream(&text, &size)};
    if (!options.stream)
        return diag_error(pipeline->diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    struct diag *quiet = diag_new(&options);
    int result = analyse(pipeline, quiet, STACK_PLAN, own, NULL);
    bool circular = result == 0 && pipeline->stack->circular;
    diag_free(quiet);
    fclose(options.stream);
    snprintf(recursion, sizeof(recursion), "[REX%04d]", (int)DIAG_STACK_RECURSION);
    if (result && text && strstr(text, recursion))
        circular = true;
    free(text);
    if (circular)
        return 1;
    /* Once more, aloud. */
    return result ? analyse(pipeline, pipeline->diag, STACK_PLAN, own, NULL) : 0;
}

/* --- the second round --- */

/* The jobs again, with outputs of their own; the rest is shared with the first round's. */
static struct crate_job *second_jobs(const struct pipeline *pipeline, const char *directory)
{
    struct crate_job *jobs = must_alloc(pipeline->job_count, sizeof(*jobs));
    for (size_t i = 0; i < pipeline->job_count; i++) {
        jobs[i] = pipeline->jobs[i];
        jobs[i].stem = path_join(directory, path_basename(pipeline->jobs[i].stem));
        jobs[i].output = path_join(directory, path_basename(pipeline->jobs[i].output));
        jobs[i].sources = (struct inputs){0};
        for (size_t j = 0; j < pipeline->jobs[i].sources.count; j++)
            inputs_file(&jobs[i].sources, pipeline->jobs[i].sources.items[j].name,
                        pipeline->jobs[i].sources.items[j].value);
    }
    return jobs;
}

static void free_second_jobs(struct crate_job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(jobs[i].stem);
        free(jobs[i].output);
        inputs_free(&jobs[i].sources);
    }
    free(jobs);
}

/* Compiles the program again with checks at the places that the plan names. */
static int compile_again(struct pipeline *pipeline, const char *directory, struct crate_job *jobs,
                         const struct strings *planned)
{
    struct crate_context context = pipeline_crate_context(pipeline);
    struct strings search = {0};
    strings_add(&search, directory);
    if (pipeline->search)
        strings_add_all(&search, pipeline->search);
    context.sysroot = &pipeline->checked_sysroot;
    context.build = directory;
    context.search = &search;
    context.checks = planned;
    context.recompile = true;
    int result = file_make_directories(pipeline->diag, directory, 0777)
                     ? -1
                     : crates_build(pipeline->diag, &context, jobs, pipeline->job_count);
    strings_free(&search);
    return result;
}

/* Links with needs of zero to learn the right ones, then with those. */
static int link_again(struct pipeline *pipeline, const struct strings *planned,
                      const struct strings *checked)
{
    struct strings names = {0};
    int result = -1;
    strings_add_all(&names, planned);
    strings_add_all(&names, checked);
    sort_unique(&names);
    struct stack_need *needs = must_alloc(names.count, sizeof(*needs));
    for (size_t i = 0; i < names.count; i++)
        needs[i].name = names.items[i];
    if (pipeline_link(pipeline, &pipeline->checked_sysroot, needs, names.count) ||
        analyse(pipeline, pipeline->diag, STACK_NEEDS, NULL, NULL))
        goto done;
    /* The result goes with the image that it is about; its needs have to outlive both. */
    struct strings kept = {0};
    size_t count = pipeline->stack->need_count;
    free(needs);
    needs = must_alloc(count, sizeof(*needs));
    for (size_t i = 0; i < count; i++) {
        strings_add(&kept, pipeline->stack->needs[i].name);
        needs[i] =
            (struct stack_need){.name = kept.items[i], .bytes = pipeline->stack->needs[i].bytes};
    }
    result = pipeline_link(pipeline, &pipeline->checked_sysroot, needs, count) ||
                     analyse(pipeline, pipeline->diag, STACK_FINAL, NULL, NULL)
                 ? -1
                 : 0;
    strings_free(&kept);
done:
    free(needs);
    strings_free(&names);
    return result;
}

static int prepare_checked_sysroot(struct pipeline *pipeline)
{
    struct sysroot_options options = {
        .variant = SYSROOT_CHECKED,
        .verbose = pipeline->options->verbose,
        .progress = !pipeline->options->quiet,
    };
    return sysroot_prepare(pipeline->diag, pipeline->toolchain, &options,
                           &pipeline->checked_sysroot);
}

static int cut(struct pipeline *pipeline, const struct strings *own)
{
    struct strings checked = {0}, planned = {0};
    struct crate_job *jobs = NULL, *first = pipeline->jobs;
    char *directory = must_format("%s/%s.checked", pipeline->build, pipeline->name);
    int result = -1;
    if (prepare_checked_sysroot(pipeline) || list_checked(pipeline, &checked) ||
        analyse(pipeline, pipeline->diag, STACK_PLAN, own, &checked))
        goto done;
    for (size_t i = 0; i < pipeline->stack->check_count; i++) {
        if (pipeline->stack->checks[i].planned)
            strings_add(&planned, pipeline->stack->checks[i].name);
    }
    sort_unique(&planned);
    jobs = second_jobs(pipeline, directory);
    if (compile_again(pipeline, directory, jobs, &planned))
        goto done;
    pipeline->jobs = jobs;
    result = link_again(pipeline, &planned, &checked);
    pipeline->jobs = first;
done:
    if (jobs)
        free_second_jobs(jobs, pipeline->job_count);
    free(directory);
    strings_free(&planned);
    strings_free(&checked);
    return result;
}

int checks_analyse(struct pipeline *pipeline)
{
    struct strings own = {0};
    int result = list_own_functions(pipeline, &own) ? -1 : look(pipeline, &own);
    if (result > 0)
        result = cut(pipeline, &own);
    strings_free(&own);
    return result;
}
