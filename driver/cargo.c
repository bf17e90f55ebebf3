/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/cargo.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/process.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the answer --- */

static const char *string_member(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static char *copy_or_null(const char *text)
{
    return text ? must_copy(text) : NULL;
}

/* Appends an array of strings; false when it is something else. */
static bool read_strings(const json_t *array, struct strings *list)
{
    size_t index;
    json_t *item;
    if (!json_is_array(array))
        return false;
    json_array_foreach(array, index, item)
    {
        if (!json_is_string(item))
            return false;
        strings_add(list, json_string_value(item));
    }
    return true;
}

static bool has_string(const json_t *array, const char *text)
{
    size_t index;
    json_t *item;
    json_array_foreach(array, index, item)
    {
        if (json_is_string(item) && strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

static bool read_dependency(const json_t *json, struct dependency *dependency)
{
    const char *name = string_member(json, "name");
    const char *requirement = string_member(json, "req");
    const char *rename = string_member(json, "rename");
    const char *kind = string_member(json, "kind");
    const char *path = string_member(json, "path");
    if (!name || !requirement || (path && path[0] != '/') ||
        !json_is_boolean(json_object_get(json, "optional")) ||
        !json_is_boolean(json_object_get(json, "uses_default_features")) ||
        !read_strings(json_object_get(json, "features"), &dependency->features))
        return false;
    dependency->package_name = must_copy(name);
    dependency->key = must_copy(rename ? rename : name);
    dependency->renamed = rename != NULL;
    dependency->requirement = must_copy(requirement);
    dependency->path = copy_or_null(path);
    dependency->source = copy_or_null(string_member(json, "source"));
    dependency->target = copy_or_null(string_member(json, "target"));
    dependency->optional = json_is_true(json_object_get(json, "optional"));
    dependency->default_features = json_is_true(json_object_get(json, "uses_default_features"));
    if (!kind)
        dependency->kind = DEPENDENCY_NORMAL;
    else if (strcmp(kind, "dev") == 0)
        dependency->kind = DEPENDENCY_DEV;
    else if (strcmp(kind, "build") == 0)
        dependency->kind = DEPENDENCY_BUILD;
    else
        return false;
    return true;
}

static enum target_kind read_target_kind(const json_t *kinds)
{
    if (has_string(kinds, "bin"))
        return TARGET_PROGRAM;
    if (has_string(kinds, "proc-macro"))
        return TARGET_PROC_MACRO;
    if (has_string(kinds, "custom-build"))
        return TARGET_BUILD_SCRIPT;
    if (has_string(kinds, "lib") || has_string(kinds, "rlib"))
        return TARGET_LIBRARY;
    if (has_string(kinds, "cdylib") || has_string(kinds, "staticlib") || has_string(kinds, "dylib"))
        return TARGET_FOREIGN;
    return TARGET_OTHER;
}

static bool read_target(const json_t *json, struct target *target)
{
    const json_t *kinds = json_object_get(json, "kind");
    const char *name = string_member(json, "name");
    const char *source = string_member(json, "src_path");
    const char *edition = string_member(json, "edition");
    const json_t *required = json_object_get(json, "required-features"); /* may be missing */
    if (!json_is_array(kinds) || !name || !source || source[0] != '/' || !edition ||
        (required && !read_strings(required, &target->required)))
        return false;
    target->kind = read_target_kind(kinds);
    target->name = must_copy(name);
    target->source = must_copy(source);
    target->edition = must_copy(edition);
    if (target->kind == TARGET_LIBRARY) {
        for (char *c = target->name; *c; c++) {
            if (*c == '-')
                *c = '_';
        }
    }
    return true;
}

static bool read_arrays(const json_t *json, struct package *package)
{
    const json_t *dependencies = json_object_get(json, "dependencies");
    const json_t *targets = json_object_get(json, "targets");
    json_t *features = json_object_get(json, "features");
    size_t index;
    json_t *item;
    const char *name;
    if (!json_is_array(dependencies) || !json_is_array(targets) || !json_is_object(features))
        return false;
    package->dependencies =
        must_alloc(json_array_size(dependencies), sizeof(*package->dependencies));
    package->targets = must_alloc(json_array_size(targets), sizeof(*package->targets));
    package->features = must_alloc(json_object_size(features), sizeof(*package->features));
    json_array_foreach(dependencies, index, item)
    {
        /* Counted first, so that what a refused one holds is freed with the rest. */
        package->dependency_count++;
        if (!read_dependency(item, &package->dependencies[index]))
            return false;
    }
    json_array_foreach(targets, index, item)
    {
        package->target_count++;
        if (!read_target(item, &package->targets[index]))
            return false;
    }
    json_object_foreach(features, name, item)
    {
        struct feature *feature = &package->features[package->feature_count++];
        feature->name = must_copy(name);
        if (!read_strings(item, &feature->values))
            return false;
    }
    return true;
}

static bool read_package(const json_t *json, const char *workspace, struct package *package)
{
    const char *name = string_member(json, "name");
    const char *version = string_member(json, "version");
    const char *manifest = string_member(json, "manifest_path");
    if (!name || !version || !manifest || manifest[0] != '/')
        return false;
    package->name = must_copy(name);
    package->version = must_copy(version);
    package->manifest = must_copy(manifest);
    package->directory = path_dirname(manifest);
    package->workspace = must_copy(workspace);
    package->license = copy_or_null(string_member(json, "license"));
    package->default_run = copy_or_null(string_member(json, "default_run"));
    return read_arrays(json, package);
}

int cargo_parse(struct diag *diag, const char *text, size_t size, struct package_list *packages)
{
    struct package_list found = {0};
    json_error_t error;
    size_t index;
    json_t *item;
    int result = -1;
    json_t *answer = json_loadb(text, size, 0, &error);
    if (!answer) {
        diag_error(diag, DIAG_CARGO_ANSWER, "run `rexc doctor` to see which cargo is used",
                   "the answer of cargo metadata is no JSON: %s (line %d)", error.text, error.line);
        return -1;
    }
    const json_t *list = json_object_get(answer, "packages");
    const char *workspace = string_member(answer, "workspace_root");
    if (json_integer_value(json_object_get(answer, "version")) != 1 || !json_is_array(list) ||
        !workspace || workspace[0] != '/')
        goto malformed;
    json_array_foreach(list, index, item)
    {
        struct package *package = must_alloc(1, sizeof(*package));
        package_list_add(&found, package);
        if (!read_package(item, workspace, package))
            goto malformed;
    }
    for (size_t i = 0; i < found.count; i++)
        package_list_add(packages, found.items[i]);
    free(found.items);
    found = (struct package_list){0};
    result = 0;
    goto done;
malformed:
    diag_error(
        diag, DIAG_CARGO_ANSWER, "run `rexc doctor` to see which cargo is used",
        "the answer of cargo metadata lacks something that format 1 has, or has it in another "
        "form");
done:
    package_list_free(&found);
    json_decref(answer);
    return result;
}

/* --- the question --- */

/* What Cargo looks at besides the manifests: files whose presence makes a target. */
static void add_inferred_targets(struct inputs *inputs, struct digests *digests,
                                 const char *directory)
{
    static const char *const files[] = {"build.rs", "src/lib.rs", "src/main.rs"};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        char *path = path_join(directory, files[i]);
        inputs_now(inputs, digests, INPUT_PRESENCE, path);
        free(path);
    }
    char *programs = path_join(directory, "src/bin");
    inputs_now(inputs, digests, INPUT_LISTING, programs);
    DIR *listing = opendir(programs);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        /* src/bin/NAME/main.rs may come and go while the directory stays. */
        char *path = must_format("%s/%s", programs, entry->d_name);
        char *root = path_join(path, "main.rs");
        if (entry->d_name[0] != '.' && file_is_directory(path))
            inputs_now(inputs, digests, INPUT_PRESENCE, root);
        free(root);
        free(path);
    }
    if (listing)
        closedir(listing);
    free(programs);
}

/*
 * The root of the workspace: what members inherit stands there, and `package.workspace` may name
 * one that is in no directory above. A new directory on the way from it to a member may be a member
 * as well (a member pattern with a star).
 */
static void add_workspace(struct inputs *inputs, struct digests *digests,
                          const struct package *package)
{
    size_t length = strlen(package->workspace);
    char *manifest = path_join(package->workspace, "Cargo.toml");
    inputs_now(inputs, digests, INPUT_FILE, manifest);
    free(manifest);
    if (strcmp(package->directory, package->workspace) == 0)
        return;
    char *around = path_dirname(package->directory);
    inputs_now(inputs, digests, INPUT_LISTING, around);
    while (strncmp(around, package->workspace, length) == 0 && around[length] == '/') {
        char *above = path_dirname(around);
        inputs_now(inputs, digests, INPUT_LISTING, above);
        free(around);
        around = above;
    }
    free(around);
}

/* A Cargo.toml in a directory above may be, or become, the root of the workspace. */
static void add_manifests_above(struct inputs *inputs, struct digests *digests,
                                const char *manifest)
{
    char *directory = path_dirname(manifest);
    while (strcmp(directory, "/") != 0) {
        char *above = path_dirname(directory);
        char *path = path_join(above, "Cargo.toml");
        inputs_now(inputs, digests, INPUT_FILE, path);
        free(path);
        free(directory);
        directory = above;
    }
    free(directory);
}

static void add_values(struct inputs *values, const struct cargo_question *question)
{
    inputs_value(values, "rexc", REXC_VERSION);
    inputs_value(values, "cargo", question->identity);
    inputs_value(values, "manifest", question->manifest);
}

static int ask(struct diag *diag, const struct cargo_question *question, struct buffer *answer)
{
    const char *const arguments[] = {
        question->cargo, "metadata", "--no-deps",       "--format-version", "1", "--offline",
        "--color",       "never",    "--manifest-path", question->manifest, NULL};
    struct strings environment = {0};
    struct process process = {
        .arguments = arguments, .directory = "/", .verbose = question->verbose};
    int result = -1;

    strings_add(&environment, "LC_ALL=C");
    /* A directory that is not there, so that no user-wide configuration is read and nothing is
     * written. */
    strings_add(&environment, "CARGO_HOME=/nonexistent");
    strings_format(&environment, "RUSTC=%s", question->rustc);
    process.environment = (const char *const *)environment.items;
    if (question->dry_run) {
        process_print(&process);
        fprintf(stderr, "# what follows depends on the answer; `rexc check` asks and remembers\n");
        goto done;
    }
    if (process_run(diag, &process))
        goto done;
    if (process.err.length)
        diag_forward(diag, "cargo", process.err.data, process.err.length);
    if (process.exit_status != 0) {
        diag_error(diag, DIAG_MANIFEST, "correct the manifest; cargo's message above says where",
                   "cargo cannot read '%s'", question->manifest);
        goto done;
    }
    *answer = process.out;
    process.out = (struct buffer){0};
    result = 0;
done:
    process_free(&process);
    strings_free(&environment);
    return result;
}

static int remember(struct diag *diag, const struct cargo_question *question,
                    const struct buffer *answer, const struct package_list *packages,
                    const char *answer_path, const char *record_path)
{
    struct record record = {0};
    int result = -1;
    add_values(&record.inputs, question);
    inputs_now(&record.inputs, question->digests, INPUT_FILE, question->manifest);
    add_manifests_above(&record.inputs, question->digests, question->manifest);
    for (size_t i = 0; i < packages->count; i++) {
        inputs_now(&record.inputs, question->digests, INPUT_FILE, packages->items[i]->manifest);
        add_inferred_targets(&record.inputs, question->digests, packages->items[i]->directory);
        add_workspace(&record.inputs, question->digests, packages->items[i]);
    }
    if (file_make_directories(diag, question->cache, 0777) ||
        file_write_cache(diag, answer_path, answer->data, answer->length, 0644))
        goto done;
    digests_forget(question->digests, answer_path);
    inputs_now(&record.outputs, question->digests, INPUT_FILE, answer_path);
    result = record_save(diag, question->key, record_path, &record);
done:
    record_free(&record);
    return result;
}

/* The remembered answer, when it still holds. */
static bool recall(struct diag *diag, const struct cargo_question *question,
                   struct package_list *packages, const char *answer_path, const char *record_path)
{
    struct record record;
    struct inputs values = {0};
    char *text = NULL;
    size_t size = 0;
    if (!record_load(question->key, record_path, &record))
        return false;
    add_values(&values, question);
    char *reason = record_stale(&record, &values, question->digests);
    bool good = !reason && file_read(diag, answer_path, 0, &text, &size) == 0 &&
                cargo_parse(diag, text, size, packages) == 0;
    free(text);
    free(reason);
    inputs_free(&values);
    record_free(&record);
    return good;
}

int cargo_metadata(struct diag *diag, const struct cargo_question *question,
                   struct package_list *packages)
{
    char *answer_path, *record_path;
    char name[HASH_HEX_SIZE];
    struct buffer answer = {0};
    struct package_list found = {0};
    int result = -1;

    hash_bytes(question->manifest, strlen(question->manifest), name);
    answer_path = must_format("%s/metadata-%.16s.json", question->cache, name);
    record_path = must_format("%s/metadata-%.16s.record", question->cache, name);
    if (recall(diag, question, packages, answer_path, record_path)) {
        result = 0;
        goto done;
    }
    if (ask(diag, question, &answer) ||
        cargo_parse(diag, answer.data ? answer.data : "", answer.length, &found) ||
        remember(diag, question, &answer, &found, answer_path, record_path))
        goto done;
    for (size_t i = 0; i < found.count; i++)
        package_list_add(packages, found.items[i]);
    found.count = 0;
    result = 0;
done:
    package_list_free(&found);
    buffer_free(&answer);
    free(answer_path);
    free(record_path);
    return result;
}
