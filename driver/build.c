/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/build.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/license.h"
#include "driver/project.h"
#include "driver/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- one build at a time --- */

/* What runs that ended without tidying up left: directories for temporary files, and files on their
 * way to their name (base/file.h). Nobody else writes here while the lock is held. */
static bool is_leftover(const char *name)
{
    return strncmp(name, "rexc-work.", 10) == 0 || strncmp(name, "rexc-link.", 10) == 0 ||
           (name[0] == '.' && strstr(name, ".tmp.") != NULL);
}

static void remove_leftovers(struct diag *diag, const char *directory)
{
    DIR *listing = opendir(directory);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (!is_leftover(entry->d_name))
            continue;
        char *path = path_join(directory, entry->d_name);
        file_remove_tree(diag, path);
        free(path);
    }
    if (listing)
        closedir(listing);
}

int build_lock(struct diag *diag, const char *build, bool quiet)
{
    if (file_make_directories(diag, build, 0777))
        return -1;
    char *path = path_join(build, "lock");
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    int locked = fd < 0 ? -1 : flock(fd, LOCK_EX | LOCK_NB);
    if (fd >= 0 && locked && errno == EWOULDBLOCK) {
        if (!quiet)
            fprintf(stderr, "waiting for another build in '%s'\n", build);
        do
            locked = flock(fd, LOCK_EX);
        while (locked && errno == EINTR);
    }
    if (locked) {
        diag_error(diag, DIAG_LOCK, "build in a directory of a local file system",
                   "cannot lock '%s': %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        fd = -1;
    } else {
        char *crates = path_join(build, "crates"), *output = path_dirname(build);
        remove_leftovers(diag, build);
        remove_leftovers(diag, crates);
        remove_leftovers(diag, output);
        free(crates);
        free(output);
    }
    free(path);
    return fd;
}

/* --- from the project's crates to jobs --- */

/*
 * Paths as they stand in the object: those of the program's package begin where the package does,
 * those of others with the package's name and version. The compiler runs in the project's
 * directory.
 */
static void set_remaps(const struct project *project, const struct package *package,
                       struct strings *remaps)
{
    const char *shown = project_shown(project, package->directory);
    char *to = package == project->root ? must_copy("")
                                        : must_format("%s-%s", package->name, package->version);
    strings_format(remaps, "%s=", project->directory);
    if (strcmp(package->directory, project->directory) != 0)
        strings_format(remaps, "%s=%s", package->directory, to);
    if (shown != package->directory)
        strings_format(remaps, "%s=%s", shown, to);
    free(to);
}

/* Sources that came from somebody else: their warnings are not the author's to act on. */
static bool is_vendored(const struct package *package)
{
    char *parent = path_dirname(package->directory);
    bool vendored = strcmp(path_basename(parent), "vendor") == 0;
    free(parent);
    return vendored;
}

static void set_job(const struct project *project, const struct crate *crate, struct crate_job *job)
{
    const struct package *package = crate->package;
    char id[HASH_HEX_SIZE];
    job->program = crate->target->kind == TARGET_PROGRAM;
    job->title = job->program ? must_copy(crate->target->name)
                              : must_format("%s %s", package->name, package->version);
    job->name = must_copy(crate->name);
    job->source = must_copy(project_shown(project, crate->target->source));
    job->edition = must_copy(crate->target->edition);
    job->identity = must_copy(crate->identity);
    job->own = !is_vendored(package);
    strings_add_all(&job->features, &package->enabled);
    for (size_t i = 0; i < package->feature_count; i++)
        strings_add(&job->known_features, package->features[i].name);
    set_remaps(project, package, &job->remaps);
    job->uses = must_alloc(crate->use_count, sizeof(*job->uses));
    for (size_t i = 0; i < crate->use_count; i++) {
        if (crate->uses[i].development)
            continue;
        job->uses[job->use_count] = crate->uses[i];
        job->uses[job->use_count++].name = must_copy(crate->uses[i].name);
    }
    hash_bytes(crate->identity, strlen(crate->identity), id);
    job->stem = job->program
                    ? must_format("%s/crates/%s", project->build, crate->target->name)
                    : must_format("%s/crates/lib%s-%.16s", project->build, crate->name, id);
    job->output = must_format("%s%s", job->stem, job->program ? ".o" : ".rlib");
}

static void set_origins(const struct project *project, struct inputs *origins)
{
    const struct package *root = project->root;
    struct buffer features = {0};
    char *text = must_format("%s %s", root->name, root->version);
    inputs_value(origins, "package", text);
    free(text);
    for (size_t i = 0; i < root->enabled.count; i++)
        buffer_format(&features, "%s%s", i ? " " : "", root->enabled.items[i]);
    if (features.data)
        inputs_value(origins, "features", features.data);
    buffer_free(&features);
    for (size_t i = 0; i < project->crate_count; i++) {
        const struct package *package = project->crates[i].package;
        if (package == root)
            continue;
        char *key = must_format("dependency.%s-%s", package->name, package->version);
        if (!inputs_find(origins, INPUT_VALUE, key))
            inputs_value(origins, key, package->license ? package->license : "");
        free(key);
    }
}

/* --- the build --- */

/*
 * A program that is refused has no object: one of an earlier build would be loaded by whoever does
 * not look at the exit status. As compilers and make (.DELETE_ON_ERROR) do; with the same sources
 * as then, building again only signs. What -o names may be anything and is left alone.
 */
static void remove_outdated(struct diag *diag, const char *output)
{
    if (unlink(output) == 0) {
        if (diag_get_format(diag) == DIAG_HUMAN)
            fprintf(stderr, "removed '%s' of an earlier build\n", output);
    } else if (errno != ENOENT) {
        diag_error(diag, DIAG_CANNOT_WRITE, "it is not what these sources give: do not load it",
                   "cannot remove '%s' of an earlier build: %s", output, strerror(errno));
    }
}

static int run(struct diag *diag, const struct build_options *options,
               const struct session *session, const struct project *project,
               struct build_result *result)
{
    const struct crate *program = project_program(project);
    char *license = license_for_kernel(project->root->license);
    size_t length = strlen(options->directory); /* without slashes at its end */
    while (length > 0 && options->directory[length - 1] == '/')
        length--;
    char *crates = path_join(project->build, "crates");
    struct strings search = {0};
    struct inputs origins = {0};
    struct crate_job *jobs = must_alloc(project->crate_count, sizeof(*jobs));
    for (size_t i = 0; i < project->crate_count; i++)
        set_job(project, &project->crates[i], &jobs[i]);
    set_origins(project, &origins);
    strings_add(&search, crates);
    char *output = options->output
                       ? must_copy(options->output)
                       : must_format("%s/%s.rex", project->output, program->target->name);
    struct pipeline pipeline = {
        .diag = diag,
        .options = &options->pipeline,
        .installation = &session->installation,
        .toolchain = &session->toolchain,
        .key = &session->key,
        .digests = session->digests,
        .name = program->target->name,
        .build = project->build,
        .output = output,
        .license = license,
        .jobs = jobs,
        .job_count = project->crate_count,
        .search = &search,
        .origins = &origins,
    };
    int status = -1;
    if (options->pipeline.dry_run || file_make_directories(diag, crates, 0777) == 0)
        status = pipeline_run(&pipeline);
    if (status == 0) {
        result->was_fresh = pipeline.was_fresh;
        result->programs = pipeline.programs;
        pipeline.programs = (struct inputs){0};
        struct stat file;
        if (!options->pipeline.dry_run && !options->pipeline.check_only && stat(output, &file) == 0)
            result->size = (size_t)file.st_size;
    } else if (pipeline.refused && !options->output && !options->pipeline.check_only &&
               !options->pipeline.dry_run) {
        remove_outdated(diag, output);
    }
    if (options->output)
        result->output = must_copy(options->output);
    else if (strcmp(options->directory, ".") == 0)
        result->output = must_format("target/rex/%s.rex", program->target->name);
    else
        result->output = must_format("%.*s/target/rex/%s.rex", (int)length, options->directory,
                                     program->target->name);
    free(output);
    pipeline_free(&pipeline);
    crate_jobs_free(jobs, project->crate_count);
    strings_free(&search);
    inputs_free(&origins);
    free(crates);
    free(license);
    return status;
}

int build_project(struct diag *diag, const struct build_options *options,
                  struct build_result *result)
{
    struct session session;
    struct project *project = NULL;
    struct project_options project_options = {
        .directory = options->directory,
        .package = options->package,
        .program = options->program,
        .features = &options->features,
        .toolchain = &session.toolchain,
        .installation = &session.installation,
        .key = &session.key,
        .dry_run = options->pipeline.dry_run,
        .library_is_enough = options->pipeline.check_only,
        .verbose = options->pipeline.verbose,
    };
    char *manifest = path_join(options->directory, "Cargo.toml");
    char *build = path_join(options->directory, "target/rex/.build");
    int lock = -1;
    int status = -1;

    *result = (struct build_result){0};
    if (session_begin(diag, options->pipeline.verbose, options->pipeline.dry_run, &session))
        goto done;
    project_options.digests = session.digests;
    /* A directory without a package is not written to; project_load says what is wrong with it. */
    if (!options->pipeline.dry_run && file_exists(manifest)) {
        lock = build_lock(diag, build, options->pipeline.quiet);
        if (lock < 0)
            goto done;
    }
    if (project_load(diag, &project_options, &project))
        goto done;
    /* Messages name files as they lie in the project. */
    if (chdir(project->directory)) {
        diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot enter '%s': %s", project->directory,
                   strerror(errno));
        goto done;
    }
    status = run(diag, options, &session, project, result);
done:
    project_free(project);
    session_end(&session);
    if (lock >= 0)
        close(lock);
    free(build);
    free(manifest);
    return status;
}

void build_result_free(struct build_result *result)
{
    free(result->output);
    inputs_free(&result->programs);
}
