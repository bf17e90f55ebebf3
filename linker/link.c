/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/link.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/process.h"
#include "linker/imports.h"
#include "linker/thunks.h"
#include "runtime/abi/rex_abi.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A linked file is the image, its debug information and little else. */
#define LINKED_LIMIT ((size_t)1 << 30)

/* Why each option: docs of the layout in link_script.c, and what a loader is spared. */
static const char *const options[] = {
    /* Position-independent, nothing for a dynamic linker to run. */
    "-pie", "--no-dynamic-linker", "-Bsymbolic", "-znow", "-e0",
    /* Imports stay undefined and get a GOT slot with a GLOB_DAT: the second makes lld 22 write the
     * relocation at all. link_check() looks. */
    "-zundefs", "-zdynamic-undefined-weak",
    /* Addends also in place, as upstream's loader wants them. */
    "--apply-dynamic-relocs",
    /* Pages of one kind, nothing executable by accident. */
    "-zmax-page-size=4096", "-zseparate-code", "-zrelro", "-znoexecstack",
    /* Only what a program can reach, from these roots and what the script keeps. Two functions of
     * equal bytes stay two, or a function pointer would change its callees' set. */
    "--gc-sections", "--icf=none", ("--undefined=" REX_SYMBOL_PANIC_BODY),
    ("--undefined=" REX_SYMBOL_HANDLE_TIMEOUT),
    /* The same bytes for the same inputs; nothing left over without a word. */
    "--hash-style=gnu", "--build-id=none", "--orphan-handling=error", "--fatal-warnings",
    "--error-limit=0", "--color-diagnostics=never",
    /* Faster for inputs of this size. */
    "--threads=1"};
#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* Files of one link. */
struct work {
    struct buffer directory, script, thunks, output;
};

static int out_of_memory(struct diag *diag)
{
    return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to link the program");
}

static int name_files(struct work *work)
{
    buffer_format(&work->script, "%s/layout.lds", work->directory.data);
    buffer_format(&work->thunks, "%s/thunks.o", work->directory.data);
    buffer_format(&work->output, "%s/image.elf", work->directory.data);
    return work->script.failed || work->thunks.failed || work->output.failed ? -1 : 0;
}

static int begin_work(struct diag *diag, struct work *work, const char *directory)
{
    buffer_format(&work->directory, "%s/rexc-link.XXXXXX", directory);
    if (work->directory.failed)
        return out_of_memory(diag);
    if (!mkdtemp(work->directory.data)) {
        int error = errno;
        buffer_clear(&work->directory); /* nothing to remove */
        return diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot make a directory in %s: %s",
                          directory, strerror(error));
    }
    return name_files(work) ? out_of_memory(diag) : 0;
}

static void end_work(struct diag *diag, struct work *work)
{
    if (work->directory.length > 0)
        file_remove_tree(diag, work->directory.data);
    buffer_free(&work->directory);
    buffer_free(&work->script);
    buffer_free(&work->thunks);
    buffer_free(&work->output);
}

/* A temporary file: no rename, no fsync. */
static int write_file(struct diag *diag, const char *path, const struct buffer *content)
{
    FILE *file = fopen(path, "wxe");
    bool good = file && fwrite(content->data, 1, content->length, file) == content->length;
    int error = errno;
    if (file && fclose(file) != 0 && good) {
        error = errno;
        good = false;
    }
    if (good)
        return 0;
    return diag_error(diag, DIAG_CANNOT_WRITE, NULL, "cannot write %s: %s", path, strerror(error));
}

/* Section names: sorted, each once. The strings are copies. */
struct names {
    char **items;
    size_t count;
};

static void free_names(struct names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->items[i]);
    free(names->items);
}

static int add_name(struct names *names, const char *name)
{
    size_t at = 0;
    while (at < names->count && strcmp(names->items[at], name) < 0)
        at++;
    if (at < names->count && strcmp(names->items[at], name) == 0)
        return 0;
    char *copy = strdup(name);
    char **items = reallocarray(names->items, names->count + 1, sizeof(*items));
    if (items)
        names->items = items;
    if (!copy || !items) {
        free(copy);
        return -1;
    }
    memmove(&items[at + 1], &items[at], (names->count - at) * sizeof(*items));
    items[at] = copy;
    names->count++;
    return 0;
}

/* The program's own sections: what the pass named after program types. */
static int collect_program_sections(struct diag *diag, const char *path, struct names *names)
{
    struct object *object;
    if (object_read_file(diag, path, &object))
        return -1;
    int result = 0;
    for (size_t i = 1; i < object->section_count; i++) {
        const char *name = object->sections[i].name;
        if (program_type_of_section(name) >= 0 && add_name(names, name)) {
            result = out_of_memory(diag);
            break;
        }
    }
    object_free(object);
    return result;
}

/* A name goes into the linker script between quotes. */
static int check_need(struct diag *diag, const struct link_need *need)
{
    if (need->bytes <= LINK_NEED_MAX && !strpbrk(need->function, "\"\\\n"))
        return 0;
    return diag_error(diag, DIAG_LINK_IMAGE, NULL, "the stack check of %s cannot demand %u bytes",
                      need->function, need->bytes);
}

static int write_inputs(struct diag *diag, const struct link_inputs *inputs, struct work *work)
{
    struct names sections = {0};
    struct buffer script = {0}, thunks = {0};
    int result = -1;

    for (size_t i = 0; i < inputs->need_count; i++)
        if (check_need(diag, &inputs->needs[i]))
            goto out;
    for (size_t i = 0; inputs->objects[i]; i++)
        if (collect_program_sections(diag, inputs->objects[i], &sections))
            goto out;
    if (link_script(&script, (const char *const *)sections.items, sections.count, inputs->needs,
                    inputs->need_count) ||
        thunks_write(&thunks)) {
        out_of_memory(diag);
        goto out;
    }
    if (write_file(diag, work->script.data, &script) ||
        write_file(diag, work->thunks.data, &thunks))
        goto out;
    result = 0;
out:
    free_names(&sections);
    buffer_free(&script);
    buffer_free(&thunks);
    return result;
}

static size_t count_paths(const char *const *paths)
{
    size_t count = 0;
    while (paths[count])
        count++;
    return count;
}

/* The command, to free(); NULL when memory ran out. extra is one more option, or NULL. */
static const char **lld_arguments(const struct link_inputs *inputs, const struct work *work,
                                  const char *extra)
{
    size_t objects = count_paths(inputs->objects), libraries = count_paths(inputs->libraries);
    const char **arguments = calloc(OPTIONS + objects + libraries + 16, sizeof(*arguments));
    if (!arguments)
        return NULL;
    size_t count = 0;
    arguments[count++] = inputs->lld;
    for (size_t i = 0; i < OPTIONS; i++)
        arguments[count++] = options[i];
    if (extra)
        arguments[count++] = extra;
    arguments[count++] = "-T";
    arguments[count++] = work->script.data;
    /* Without its directory: lld makes random digits of each % on the way to the file (LLVM's
     * createUniqueFile). It runs there. */
    arguments[count++] = "-o";
    arguments[count++] = "image.elf";
    for (size_t i = 0; i < objects; i++)
        arguments[count++] = inputs->objects[i];
    arguments[count++] = work->thunks.data;
    for (size_t i = 0; i < libraries; i++)
        arguments[count++] = inputs->libraries[i];
    return arguments;
}

static const char *const lld_environment[] = {"LC_ALL=C", NULL};

/* Runs lld. Its output is in *process, to be freed. */
static int run_lld(struct diag *diag, const struct link_inputs *inputs, const struct work *work,
                   const char *extra, struct process *process)
{
    const char **arguments = lld_arguments(inputs, work, extra);
    if (!arguments)
        return out_of_memory(diag);
    *process = (struct process){.arguments = arguments,
                                .environment = lld_environment,
                                .directory = work->directory.data,
                                .verbose = inputs->verbose};
    int result = process_run(diag, process);
    process->arguments = NULL;
    free(arguments);
    return result;
}

/* lld's own text, and a diagnostic of ours for what it means. */
static int report_failure(struct diag *diag, const struct process *process)
{
    const char *text = process->err.data ? process->err.data : "";
    diag_forward(diag, "ld.lld", text, process->err.length);
    if (strstr(text, "duplicate symbol: "))
        return diag_error(diag, DIAG_LINK_DUPLICATE_SYMBOL, "rename one of the two",
                          "two crates define the same symbol");
    if (strstr(text, " is being placed in '"))
        return diag_error(diag, DIAG_LINK_SECTION, "remove the static or function that is in it",
                          "the program has a section that an extension cannot have");
    return diag_error(diag, DIAG_LINK_FAILED, NULL, "ld.lld ended with status %d",
                      process->exit_status);
}

/* Checks the image; when symbols are undefined, lld is asked who refers to them. */
static int check_image(struct diag *diag, const struct link_inputs *inputs, const struct work *work,
                       const struct buffer *image)
{
    struct object *object;
    struct process process = {0};
    int result = -1;

    if (object_read(diag, "the linked image", image->data, image->length, &object))
        return -1;
    if (link_has_undefined(object) && run_lld(diag, inputs, work, "-zdefs", &process))
        goto out;
    result = link_check(diag, object, process.err.data);
out:
    process_free(&process);
    object_free(object);
    return result;
}

void link_print(const struct link_inputs *inputs)
{
    struct work work = {0};
    const char **arguments = NULL;
    buffer_format(&work.directory, "%s/rexc-link.XXXXXX", inputs->directory);
    if (!work.directory.failed && name_files(&work) == 0)
        arguments = lld_arguments(inputs, &work, NULL);
    if (arguments) {
        struct process process = {.arguments = arguments,
                                  .environment = lld_environment,
                                  .directory = work.directory.data};
        process_print(&process);
    }
    free(arguments);
    buffer_free(&work.directory);
    buffer_free(&work.script);
    buffer_free(&work.thunks);
    buffer_free(&work.output);
}

int link_program(struct diag *diag, const struct link_inputs *inputs, struct buffer *image)
{
    struct work work = {0};
    struct process process = {0};
    int result = -1;

    if (begin_work(diag, &work, inputs->directory) || write_inputs(diag, inputs, &work) ||
        run_lld(diag, inputs, &work, NULL, &process))
        goto out;
    if (process.exit_status != 0) {
        report_failure(diag, &process);
        goto out;
    }
    if (process.err.length > 0)
        diag_forward(diag, "ld.lld", process.err.data, process.err.length);
    char *bytes;
    size_t size;
    if (file_read(diag, work.output.data, LINKED_LIMIT, &bytes, &size))
        goto out;
    *image = (struct buffer){.data = bytes, .length = size, .capacity = size + 1};
    result = check_image(diag, inputs, &work, image);
    if (result)
        buffer_free(image);
out:
    process_free(&process);
    end_work(diag, &work);
    return result;
}
