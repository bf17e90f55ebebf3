/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/load.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "runtime/librex/librex.h"
#include "runtime/loader/attach.h"
#include "runtime/loader/log.h"
#include "runtime/loader/target.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* A load in progress. */
struct load {
    struct diag *diag;
    const struct load_request *request;
    struct rex_object *object;
    char *directory;
    char **made; /* directories that this load made, outermost first */
    size_t made_count;
    char **pins;
    size_t pin_count;
    struct target *targets; /* as request->attach */
    struct attachment *attachments;
    size_t attachment_count;
};

/* -- The directory of pins -------------------------------------------------------------------- */

/* The BPF file system keeps names with dots for itself (kernel/bpf/inode.c, bpf_lookup). */
static char *default_directory(const char *name)
{
    char *directory = must_format("%s/%s", LOAD_PIN_DIRECTORY, name);
    for (char *c = directory + strlen(LOAD_PIN_DIRECTORY); *c; c++)
        if (*c == '.')
            *c = '_';
    return directory;
}

static int make_directory(struct load *load, const char *path)
{
    if (mkdir(path, 0700) == 0) {
        load->made = must_grow(load->made, load->made_count + 1, sizeof(*load->made));
        load->made[load->made_count++] = must_copy(path);
        return 0;
    }
    if (errno == EEXIST)
        return 0;
    return diag_error(load->diag, DIAG_LOAD_PIN, "mount -t bpf bpf " LOAD_BPF_FILE_SYSTEM,
                      "the directory %s for the pins cannot be made: %s", path, strerror(errno));
}

static int make_directories(struct load *load)
{
    for (char *slash = load->directory + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        int result = make_directory(load, load->directory);
        *slash = '/';
        if (result < 0)
            return -1;
    }
    if (make_directory(load, load->directory) < 0)
        return -1;
    struct statfs file_system;
    if (statfs(load->directory, &file_system) < 0 || file_system.f_type != BPF_FS_MAGIC)
        return diag_error(load->diag, DIAG_LOAD_PIN,
                          "mount -t bpf bpf " LOAD_BPF_FILE_SYSTEM ", and pin below it",
                          "%s is not on a BPF file system", load->directory);
    return 0;
}

static int pin(struct load *load, int descriptor, const char *name)
{
    char *path = must_format("%s/%s", load->directory, name);
    int result = bpf_obj_pin(descriptor, path);
    if (result < 0) {
        diag_error(load->diag, DIAG_LOAD_PIN,
                   result == -EEXIST ? "`rexc list` shows what is loaded; give --pin another "
                                       "directory, or unload that object"
                                     : NULL,
                   "%s cannot be pinned: %s", path, strerror(-result));
        free(path);
        return -1;
    }
    load->pins = must_grow(load->pins, load->pin_count + 1, sizeof(*load->pins));
    load->pins[load->pin_count++] = path;
    return 0;
}

static int pin_all(struct load *load)
{
    struct bpf_object *object = rex_object__bpf_object(load->object);
    struct bpf_program *program;
    struct bpf_map *map;

    if (make_directories(load) < 0)
        return -1;
    bpf_object__for_each_program(
        program,
        object) if (pin(load, bpf_program__fd(program), bpf_program__name(program)) < 0) return -1;
    bpf_object__for_each_map(map, object) if (pin(load, bpf_map__fd(map), bpf_map__name(map)) <
                                              0) return -1;
    return 0;
}

/* -- Attaching -------------------------------------------------------------------------------- */

/* Before anything is loaded, so that a misspelt target changes nothing. */
static int parse_targets(struct load *load)
{
    const struct load_request *request = load->request;

    load->targets = must_alloc(request->attach_count + 1, sizeof(*load->targets));
    load->attachments = must_alloc(request->attach_count + 1, sizeof(*load->attachments));
    for (size_t i = 0; i < request->attach_count; i++) {
        const struct load_attach *attach = &request->attach[i];
        const struct bpf_program *program = rex_object__find_program(load->object, attach->program);
        if (!program)
            return diag_error(load->diag, DIAG_LOAD_TARGET, "`rexc inspect` lists the programs",
                              "%s has no program '%s'", request->path, attach->program);
        if (target_parse(load->diag, attach->program, (int)bpf_program__type(program),
                         attach->target, &load->targets[i]) < 0)
            return -1;
    }
    return 0;
}

static int attach_all(struct load *load)
{
    for (size_t i = 0; i < load->request->attach_count; i++) {
        const struct bpf_program *program =
            rex_object__find_program(load->object, load->request->attach[i].program);
        if (attach_program(load->diag, program, &load->targets[i], load->directory,
                           &load->attachments[i]) < 0)
            return -1;
        load->attachment_count++;
    }
    return 0;
}

/* -- All of it -------------------------------------------------------------------------------- */

static int open_and_load(struct load *load)
{
    struct log log = {.length = 0};
    struct rex_open_options open_options = {
        .size = sizeof(open_options), .log = log_take, .log_data = &log};
    struct rex_load_options load_options = {.size = sizeof(load_options),
                                            .timeout_ms = load->request->timeout_ms,
                                            .flags = load->request->flags};

    load->object = rex_object__open(load->request->path, &open_options);
    if (!load->object)
        return log_report(load->diag, &log, errno, load->request->path);
    if (parse_targets(load) < 0)
        return -1;
    int result = rex_object__load(load->object, &load_options);
    if (result < 0)
        return log_report(load->diag, &log, -result, load->request->path);
    return 0;
}

static void undo(struct load *load)
{
    for (size_t i = load->attachment_count; i > 0; i--)
        attachment_undo(&load->attachments[i - 1]);
    for (size_t i = load->pin_count; i > 0; i--)
        unlink(load->pins[i - 1]);
    for (size_t i = load->made_count; i > 0; i--)
        rmdir(load->made[i - 1]);
}

static void release(struct load *load)
{
    for (size_t i = 0; i < load->attachment_count; i++)
        attachment_free(&load->attachments[i]);
    for (size_t i = 0; i < load->pin_count; i++)
        free(load->pins[i]);
    for (size_t i = 0; i < load->made_count; i++)
        free(load->made[i]);
    free(load->attachments);
    free(load->pins);
    free(load->made);
    free(load->targets);
    free(load->directory);
    rex_object__close(load->object);
}

static void describe(const struct load *load, struct load_result *result)
{
    struct bpf_object *object = rex_object__bpf_object(load->object);
    struct bpf_program *program;
    struct bpf_map *map;

    *result = (struct load_result){.name = must_copy(rex_object__name(load->object)),
                                   .directory = must_copy(load->directory)};
    rex_object__id(load->object, &result->id);
    bpf_object__for_each_program(program, object) result->programs++;
    bpf_object__for_each_map(map, object) result->maps++;
}

int load_object(struct diag *diag, const struct load_request *request, struct load_result *result)
{
    struct load load = {.diag = diag, .request = request};

    *result = (struct load_result){0};
    int status = open_and_load(&load);
    if (status == 0) {
        load.directory = request->directory ? must_copy(request->directory)
                                            : default_directory(rex_object__name(load.object));
        status = pin_all(&load);
    }
    if (status == 0)
        status = attach_all(&load);
    if (status == 0)
        describe(&load, result);
    else
        undo(&load);
    release(&load);
    return status;
}

void load_result_free(struct load_result *result)
{
    free(result->name);
    free(result->directory);
    *result = (struct load_result){0};
}
