/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/direct.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/compile.h"
#include "driver/depfile.h"
#include "driver/library.h"
#include "driver/license.h"
#include "driver/project.h"
#include "driver/scratch.h"
#include "driver/session.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct direct {
    struct diag *diag;
    const struct direct_options *options;
    struct session session;
    struct library_context context;
    struct sysroot sysroot;
    struct scratch scratch;
    struct libraries libraries;
    struct strings named; /* NAME=PATH of each library that sources may name */
    struct strings library_declarations;
    struct strings search;
    struct crate_job *jobs;
    size_t job_count;
};

/* --- libraries --- */

/* --extern NAME=PATH, or NAME with the library in a -L directory. */
static int take_extern(struct direct *direct, const char *word)
{
    const char *equals = strchr(word, '=');
    char *name = equals ? must_copy_length(word, (size_t)(equals - word)) : must_copy(word);
    char *path = equals ? must_copy(equals + 1) : library_find(&direct->context, name);
    size_t index;
    int result = -1;
    if (project_name_is_taken(name))
        diag_error(direct->diag, DIAG_RESERVED_CRATE, "name it otherwise: --extern other=PATH",
                   "--extern cannot give another meaning to '%s'", name);
    else if (!path)
        diag_error(direct->diag, DIAG_CANNOT_READ, "add its directory with -L, or name its path",
                   "there is no lib%s.rlib in a -L directory", name);
    else
        result = library_take(direct->diag, &direct->context, path, &direct->libraries, &index);
    if (result == 0)
        strings_format(&direct->named, "%s=%s", name, direct->libraries.items[index].copy);
    free(path);
    free(name);
    return result;
}

static int take_libraries(struct direct *direct)
{
    for (size_t i = 0; i < direct->options->externs.count; i++) {
        if (take_extern(direct, direct->options->externs.items[i]))
            return -1;
    }
    for (size_t i = 0; i < direct->libraries.count; i++) {
        char *directory = path_dirname(direct->libraries.items[i].copy);
        strings_take(&direct->search, directory);
        strings_add(&direct->library_declarations, direct->libraries.items[i].declarations);
    }
    strings_add(&direct->search, direct->scratch.directory);
    return 0;
}

/* --- jobs --- */

/* The crate's name is the file's, as with rustc. */
static char *crate_name(const char *source)
{
    const char *base = path_basename(source);
    char *name = must_copy_length(base, strlen(base) - strlen(".rs"));
    for (char *c = name; *c; c++) {
        if (*c == '-')
            *c = '_';
    }
    return name;
}

static bool is_crate_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if ((unsigned char)*c < 0x80 && !isalnum((unsigned char)*c) && *c != '_')
            return false;
    }
    return *name != '\0';
}

static void set_remaps(const char *source, struct strings *remaps)
{
    char *here = getcwd(NULL, 0);
    char *directory = path_dirname(source);
    if (directory[0] == '/')
        strings_format(remaps, "%s=", directory);
    if (here)
        strings_format(remaps, "%s=", here);
    free(directory);
    free(here);
}

static void set_job(struct direct *direct, size_t index)
{
    const struct direct_options *options = direct->options;
    struct crate_job *job = &direct->jobs[index];
    const char *source = options->sources.items[index];
    /* @FILE would be a file of arguments to rustc. */
    job->source = must_format("%s%s", source[0] == '@' ? "./" : "", source);
    job->name = crate_name(job->source);
    job->title = must_copy(job->name);
    job->edition = must_copy(options->edition);
    job->program = !options->library_only && index + 1 == direct->job_count;
    job->identity = must_format("%s %s", job->name, job->program ? "program" : "library");
    job->own = true;
    set_remaps(job->source, &job->remaps);
    strings_add_all(&job->libraries, &direct->named);
    job->uses = must_alloc(index + 1, sizeof(*job->uses));
    job->uses[job->use_count++] = (struct crate_use){.name = must_copy("rex"), .place = PLACE_REX};
    for (size_t i = 0; i < index; i++)
        job->uses[job->use_count++] = (struct crate_use){
            .name = must_copy(direct->jobs[i].name), .place = PLACE_PACKAGE, .crate = i};
    job->stem = job->program ? must_format("%s/%s.program", direct->scratch.directory, job->name)
                             : must_format("%s/lib%s", direct->scratch.directory, job->name);
    job->output = must_format("%s%s", job->stem, job->program ? ".o" : ".rlib");
}

static int set_jobs(struct direct *direct)
{
    char *here = path_resolve(".");
    int unfit = here ? compile_check_path(direct->diag, here) : 0;
    free(here);
    if (unfit)
        return -1;
    direct->job_count = direct->options->sources.count;
    direct->jobs = must_alloc(direct->job_count, sizeof(*direct->jobs));
    for (size_t i = 0; i < direct->job_count; i++) {
        set_job(direct, i);
        const struct crate_job *job = &direct->jobs[i];
        if (compile_check_path(direct->diag, job->source))
            return -1;
        if (!is_crate_name(job->name))
            return diag_error(
                direct->diag, DIAG_USAGE, "name it with letters, digits, `_` and `-` alone",
                "'%s' cannot be the name of a crate", direct->options->sources.items[i]);
        /* Nothing else can name a program's crate, and test.rs is a usual file. */
        if (project_name_is_taken(job->name) && !(job->program && strcmp(job->name, "test") == 0))
            return diag_error(direct->diag, DIAG_RESERVED_CRATE, "rename the file",
                              "a file cannot be the crate '%s'", job->name);
        for (size_t j = 0; j < i; j++) {
            if (strcmp(direct->jobs[i].name, direct->jobs[j].name) == 0)
                return diag_error(direct->diag, DIAG_USAGE, "rename one of the files",
                                  "'%s' and '%s' would be crates of one name",
                                  direct->jobs[j].source, direct->jobs[i].source);
        }
    }
    return 0;
}

/* --- dependencies --- */

static char *depfile_path(const char *depfile, const char *output)
{
    if (depfile)
        return must_copy(depfile);
    const char *base = path_basename(output);
    const char *dot = strrchr(base, '.');
    return must_format("%.*s.d", (int)(dot && dot != base ? dot - output : (long)strlen(output)),
                       output);
}

/* Everything whose change asks for another build: sources, libraries with their records, the key.
 */
static int write_dependencies(const struct direct *direct, size_t first, size_t last,
                              const char *output)
{
    const struct direct_options *options = direct->options;
    struct strings files = {0};
    if (!options->dependencies)
        return 0;
    for (size_t i = first; i <= last; i++) {
        for (size_t j = 0; j < direct->jobs[i].sources.count; j++)
            strings_add(&files, direct->jobs[i].sources.items[j].name);
    }
    for (size_t i = 0; i < direct->libraries.count; i++)
        strings_add(&files, direct->libraries.items[i].path);
    if (!options->library_only && options->pipeline.signing == SIGN_GIVEN) {
        strings_add(&files, options->pipeline.sign_key);
        strings_add(&files, options->pipeline.sign_certificate);
    }
    char *path = depfile_path(options->depfile, output);
    int result = depfile_write(direct->diag, path, output, &files);
    free(path);
    strings_free(&files);
    return result;
}

/* --- outputs --- */

/* -c: each source becomes a library at its place. */
static int make_libraries(struct direct *direct)
{
    const struct pipeline_options *options = &direct->options->pipeline;
    struct buffer declarations = {0};
    struct crate_context context = {
        .toolchain = &direct->session.toolchain,
        .installation = &direct->session.installation,
        .sysroot = &direct->sysroot,
        .key = &direct->session.key,
        .digests = direct->session.digests,
        .build = direct->scratch.directory,
        .name = "library",
        .optimisation = options->optimisation,
        .debug = options->debug,
        .search = &direct->search,
        .library_declarations = &direct->library_declarations,
        .declarations = &declarations,
        .jobs = options->jobs,
        .verbose = options->verbose,
        .dry_run = options->dry_run,
    };
    struct libraries none = {0};
    /* With -c the sources do not know of each other, as with any compiler. */
    for (size_t i = 0; i < direct->job_count; i++) {
        struct crate_job *job = &direct->jobs[i];
        while (job->use_count > 1)
            free(job->uses[--job->use_count].name);
    }
    int result = crates_build(direct->diag, &context, direct->jobs, direct->job_count);
    if (result == 0 && declarations.failed)
        result = diag_error(direct->diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    for (size_t i = 0; i < direct->job_count && result == 0 && !options->dry_run; i++) {
        char *output = direct->options->output ? must_copy(direct->options->output)
                                               : must_copy(path_basename(direct->jobs[i].output));
        result = write_dependencies(direct, i, i, output) ||
                         library_write(direct->diag, &direct->context, &direct->jobs[i],
                                       direct->libraries.count ? &direct->libraries : &none,
                                       declarations.data ? declarations.data : "", output)
                     ? -1
                     : 0;
        free(output);
    }
    buffer_free(&declarations);
    return result;
}

/* Before the object: one that is newer than its sources, without its list, would never be made
 * again when what it was made from changes. */
static int write_object_dependencies(struct pipeline *pipeline)
{
    const struct direct *direct = pipeline->data;
    return write_dependencies(direct, 0, direct->job_count - 1, pipeline->output);
}

static int make_object(struct direct *direct)
{
    const struct direct_options *options = direct->options;
    char *license = license_for_kernel(options->license);
    struct strings libraries = {0};
    struct inputs origins = {0};
    inputs_value(&origins, "package", direct->jobs[direct->job_count - 1].name);
    for (size_t i = 0; i < direct->libraries.count; i++) {
        const struct library *library = &direct->libraries.items[i];
        strings_add(&libraries, library->copy);
        for (size_t j = 0; j < library->sources.count; j++) {
            char *key = must_format("source.%s/%s", library->crate, library->sources.items[j].name);
            if (!inputs_find(&origins, INPUT_VALUE, key))
                inputs_value(&origins, key, library->sources.items[j].value);
            free(key);
        }
    }
    struct pipeline pipeline = {
        .diag = direct->diag,
        .options = &options->pipeline,
        .installation = &direct->session.installation,
        .toolchain = &direct->session.toolchain,
        .key = &direct->session.key,
        .digests = direct->session.digests,
        .name = direct->jobs[direct->job_count - 1].name,
        .build = direct->scratch.directory,
        .output = options->output,
        .before_output = write_object_dependencies,
        .data = direct,
        .license = license,
        .jobs = direct->jobs,
        .job_count = direct->job_count,
        .search = &direct->search,
        .libraries = &libraries,
        .library_declarations = &direct->library_declarations,
        .origins = &origins,
        .sysroot = direct->sysroot,
    };
    direct->sysroot = (struct sysroot){0}; /* the pipeline's now */
    int result = pipeline_run(&pipeline);
    pipeline_free(&pipeline);
    inputs_free(&origins);
    strings_free(&libraries);
    free(license);
    return result;
}

int direct_compile(struct diag *diag, const struct direct_options *options)
{
    struct direct direct = {.diag = diag, .options = options};
    struct sysroot_options sysroot = {
        .variant = SYSROOT_PLAIN,
        .verbose = options->pipeline.verbose,
        .dry_run = options->pipeline.dry_run,
        .progress = !options->pipeline.quiet,
    };
    int result = -1;
    if (session_begin(diag, options->pipeline.verbose, options->pipeline.dry_run,
                      &direct.session) ||
        sysroot_prepare(diag, &direct.session.toolchain, &sysroot, &direct.sysroot) ||
        scratch_make(diag, &direct.scratch))
        goto done;
    direct.context = (struct library_context){
        .session = &direct.session,
        .sysroot = &direct.sysroot,
        .search = &options->search,
        .directory = direct.scratch.directory,
    };
    if (take_libraries(&direct) || set_jobs(&direct))
        goto done;
    result = options->library_only ? make_libraries(&direct) : make_object(&direct);
done:
    crate_jobs_free(direct.jobs, direct.job_count);
    libraries_free(&direct.libraries);
    strings_free(&direct.named);
    strings_free(&direct.search);
    strings_free(&direct.library_declarations);
    sysroot_free(&direct.sysroot);
    session_end(&direct.session);
    if (scratch_remove(diag, &direct.scratch))
        result = -1;
    return result;
}
