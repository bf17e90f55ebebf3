/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/library.h"
#include "base/diag.h"
#include "base/file.h"
#include "driver/session.h"
#include "lint/policy.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* A library's machine code and metadata. */
#define LIBRARY_SIZE_MAX ((size_t)256 << 20)

static char *record_path(const char *library)
{
    return must_format("%s.rexc", library);
}

/* What must be the same for a library to be usable. */
static void add_values(const struct library_context *context, struct inputs *values)
{
    char policy[HASH_HEX_SIZE];
    policy_digest(policy);
    inputs_value(values, "rexc", context->session->installation.identity);
    inputs_value(values, "the toolchain", context->session->toolchain.identity);
    inputs_value(values, "the sysroot", context->sysroot->key);
    inputs_value(values, "the policy", policy);
}

static int refuse(struct diag *diag, const char *path, const char *reason)
{
    struct diag_message message = {
        .code = DIAG_RLIB_RECORD,
        .why = "a library that was not made under this policy could hold anything",
        .help = "compile its source with `rexc -c`",
    };
    diag_report(diag, &message, "'%s' %s", path, reason);
    return -1;
}

/* --- taking --- */

static bool is_current(const struct library_context *context, const struct record *record,
                       char **reason)
{
    struct inputs values = {0};
    struct record only = {.inputs =
                              record->inputs}; /* not the sources: they may be elsewhere now */
    add_values(context, &values);
    *reason = record_stale(&only, &values, context->session->digests);
    inputs_free(&values);
    return !*reason;
}

/* Reads the record into the library. */
static int read_record(struct diag *diag, const struct library_context *context,
                       struct library *library)
{
    char *path = record_path(library->path);
    struct record record;
    int result = -1;
    if (!record_load(&context->session->key, path, &record)) {
        refuse(diag, library->path,
               file_exists(path) ? "has a record that this user's rexc did not write"
                                 : "has no record beside it (NAME.rlib.rexc)");
        goto done;
    }
    char *reason;
    if (!is_current(context, &record, &reason)) {
        char *text = must_format("was made by another rexc, compiler or policy: %s", reason);
        refuse(diag, library->path, text);
        free(text);
        free(reason);
        goto done;
    }
    for (size_t i = 0; i < record.outputs.count; i++) {
        const struct input *output = &record.outputs.items[i];
        if (output->kind == INPUT_FILE)
            inputs_file(&library->sources, output->name, output->value);
        else if (strcmp(output->name, "uses") == 0)
            strings_add(&library->uses, output->value);
        else if (strcmp(output->name, "declarations") == 0 && !library->declarations)
            library->declarations = must_copy(output->value);
    }
    const char *crate = inputs_find(&record.outputs, INPUT_VALUE, "crate");
    const char *digest = inputs_find(&record.outputs, INPUT_VALUE, "library");
    if (!crate || !digest || !library->declarations || strcmp(digest, library->digest) != 0) {
        refuse(diag, library->path, "is not the file that its record is about");
        goto done;
    }
    library->crate = must_copy(crate);
    result = 0;
done:
    record_free(&record);
    free(path);
    return result;
}

/* Copies the bytes that were hashed: what is at the path may be another file a moment later. */
static int copy_bytes(struct diag *diag, const struct library_context *context, size_t index,
                      struct library *library)
{
    char *bytes;
    size_t size;
    char *directory = must_format("%s/library.%zu", context->directory, index);
    int result = -1;
    if (file_read(diag, library->path, LIBRARY_SIZE_MAX, &bytes, &size)) {
        free(directory);
        return -1;
    }
    hash_bytes(bytes, size, library->digest);
    library->copy = path_join(directory, path_basename(library->path));
    if (file_make_directories(diag, directory, 0700) == 0)
        result = file_write_cache(diag, library->copy, bytes, size, 0600);
    free(bytes);
    free(directory);
    return result;
}

static void library_clear(struct library *library)
{
    free(library->path);
    free(library->crate);
    free(library->copy);
    free(library->declarations);
    inputs_free(&library->sources);
    strings_free(&library->uses);
}

static bool has_digest(struct digests *digests, const char *path, const char *digest)
{
    return strcmp(digests_of(digests, path), digest) == 0;
}

/* The library with that content in a directory. */
static char *find_content(struct digests *digests, const char *directory, const char *digest)
{
    char *found = NULL;
    DIR *listing = opendir(directory);
    for (struct dirent *entry; listing && !found && (entry = readdir(listing));) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || strcmp(entry->d_name + length - 5, ".rlib") != 0)
            continue;
        char *path = path_join(directory, entry->d_name);
        if (has_digest(digests, path, digest))
            found = path;
        else
            free(path);
    }
    if (listing)
        closedir(listing);
    return found;
}

/* Takes what a library uses: what was given already, what lies beside it, or what -L leads to. */
static int take_used(struct diag *diag, const struct library_context *context, size_t index,
                     struct libraries *libraries)
{
    for (size_t i = 0; i < libraries->items[index].uses.count; i++) {
        const char *digest = libraries->items[index].uses.items[i];
        bool known = false;
        for (size_t j = 0; j < libraries->count && !known; j++)
            known = strcmp(libraries->items[j].digest, digest) == 0;
        if (known)
            continue;
        char *beside = path_dirname(libraries->items[index].path);
        char *path = find_content(context->session->digests, beside, digest);
        for (size_t j = 0; j < context->search->count && !path; j++)
            path = find_content(context->session->digests, context->search->items[j], digest);
        free(beside);
        if (!path)
            return refuse(
                diag, libraries->items[index].path,
                "was compiled against a library that is neither beside it nor in a -L directory");
        size_t used;
        int result = library_take(diag, context, path, libraries, &used);
        free(path);
        if (result)
            return -1;
    }
    return 0;
}

int library_take(struct diag *diag, const struct library_context *context, const char *path,
                 struct libraries *libraries, size_t *index)
{
    struct library library = {.path = must_copy(path)};
    if (copy_bytes(diag, context, libraries->count, &library) ||
        read_record(diag, context, &library)) {
        library_clear(&library);
        return -1;
    }
    for (size_t i = 0; i < libraries->count; i++) {
        if (strcmp(libraries->items[i].digest, library.digest) == 0) {
            library_clear(&library);
            *index = i;
            return 0;
        }
    }
    libraries->items = must_grow(libraries->items, libraries->count + 1, sizeof(*libraries->items));
    *index = libraries->count++;
    libraries->items[*index] = library;
    return take_used(diag, context, *index, libraries);
}

char *library_find(const struct library_context *context, const char *name)
{
    char *file = must_format("lib%s.rlib", name);
    char *found = NULL;
    for (size_t i = 0; i < context->search->count && !found; i++) {
        char *path = path_join(context->search->items[i], file);
        if (file_exists(path))
            found = path;
        else
            free(path);
    }
    free(file);
    return found;
}

void libraries_free(struct libraries *libraries)
{
    for (size_t i = 0; i < libraries->count; i++)
        library_clear(&libraries->items[i]);
    free(libraries->items);
    *libraries = (struct libraries){0};
}

/* --- making --- */

int library_write(struct diag *diag, const struct library_context *context,
                  const struct crate_job *job, const struct libraries *used,
                  const char *declarations, const char *path)
{
    struct record record = {0};
    char *record_file = record_path(path);
    char *bytes = NULL;
    size_t size;
    char digest[HASH_HEX_SIZE];
    int result = -1;
    if (file_read(diag, job->output, LIBRARY_SIZE_MAX, &bytes, &size))
        goto done;
    hash_bytes(bytes, size, digest);
    add_values(context, &record.inputs);
    inputs_value(&record.outputs, "library", digest);
    inputs_value(&record.outputs, "crate", job->name);
    inputs_value(&record.outputs, "declarations", declarations);
    for (size_t i = 0; i < used->count; i++)
        inputs_value(&record.outputs, "uses", used->items[i].digest);
    for (size_t i = 0; i < job->sources.count; i++) {
        char *name = compile_remapped(&job->remaps, job->sources.items[i].name);
        inputs_file(&record.outputs, name, job->sources.items[i].value);
        free(name);
    }
    /* The record first: without its library it is of no use, and no library is ever without one. */
    if (record_save(diag, &context->session->key, record_file, &record) ||
        file_write_atomic(diag, path, bytes, size, 0644))
        goto done;
    result = 0;
done:
    free(bytes);
    free(record_file);
    record_free(&record);
    return result;
}
