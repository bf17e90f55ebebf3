/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/runtime.h"

#include "base/diag.h"
#include "linker/dwarf.h"
#include "linker/imports.h"
#include "linker/keys.h"
#include "linker/maps.h"
#include "linker/object.h"
#include "linker/verify.h"
#include "runtime/user/map_ringbuf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_programs(const void *a, const void *b)
{
    const struct program *left = a, *right = b;

    return left->entry < right->entry ? -1 : left->entry > right->entry;
}

/* Every function in a section that a program may stand in. */
static int find_programs(struct runtime *runtime)
{
    const struct object *object = runtime->object;

    runtime->programs = calloc(object->function_count + 1, sizeof(*runtime->programs));
    if (!runtime->programs)
        return diag_error(runtime->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the programs");
    for (size_t i = 0; i < object->function_count; i++) {
        const struct object_function *function = &object->functions[i];
        const char *section = object->sections[function->section].name;
        int type = program_type_of_section(section);
        if (type < 0)
            continue;
        runtime->programs[runtime->program_count++] =
            (struct program){.name = function->name,
                             .section = section,
                             .type = (enum rex_program_type)type,
                             .entry = function->address};
    }
    qsort(runtime->programs, runtime->program_count, sizeof(*runtime->programs), compare_programs);
    return 0;
}

/* What the kernel's error for a map means, in words. */
static const char *map_error_help(int error)
{
    switch (error) {
    case -EINVAL:
        return "the kernel refuses such a map, too: look at its key and value types, entries and "
               "flags";
    case -E2BIG:
        return "make the map's values smaller or its entries fewer";
    default:
        return NULL;
    }
}

static int create_map(struct runtime *runtime, const struct runtime_options *options,
                      const struct map_symbol *symbol, struct image_patch patches[2])
{
    const struct rex_map_definition *definition = &symbol->definition;
    struct map *map = NULL;
    int error = map_create(symbol->name, definition, options->cpus, &map);

    if (error != 0)
        return diag_error(runtime->diag, DIAG_RUN_MAP, map_error_help(error),
                          "map %s (type %u, key %u bytes, value %u bytes, %u entries, flags 0x%x) "
                          "cannot be created: %s",
                          symbol->name, definition->type, definition->key_size,
                          definition->value_size, definition->max_entries, definition->flags,
                          strerror(-error));
    runtime->maps[runtime->map_count++] = map;
    patches[0] =
        (struct image_patch){.address = symbol->address + offsetof(struct rex_map_definition, map),
                             .value = (uint64_t)map};
    patches[1] = (struct image_patch){.address = symbol->address +
                                                 offsetof(struct rex_map_definition, values),
                                      .value = (uint64_t)map_values(map)};
    return 0;
}

/* Creates the maps and maps the image with their addresses in it. */
static int map_object(struct runtime *runtime, const struct runtime_options *options)
{
    struct map_symbol *symbols = NULL;
    struct image_patch *patches = NULL;
    size_t count = 0;
    int result = -1;

    if (maps_find(runtime->diag, options->name, runtime->object, &symbols, &count) != 0)
        return -1;
    patches = calloc(count + 1, 2 * sizeof(*patches));
    runtime->maps = calloc(count + 1, sizeof(struct map *));
    if (!patches || !runtime->maps) {
        diag_error(runtime->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the maps");
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        if (create_map(runtime, options, &symbols[i], &patches[2 * i]) != 0)
            goto out;
    }
    result = image_map(runtime->diag, runtime->object, patches, 2 * count, &runtime->image);
out:
    free(symbols);
    free(patches);
    return result;
}

static int create_cpus(struct runtime *runtime, const struct runtime_options *options)
{
    runtime->cpus = calloc(options->cpus, sizeof(*runtime->cpus));
    if (!runtime->cpus)
        return diag_error(runtime->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for %u CPUs",
                          options->cpus);
    for (; runtime->cpu_count < options->cpus; runtime->cpu_count++) {
        int error = cpu_create(&runtime->cpus[runtime->cpu_count], runtime, runtime->cpu_count);
        if (error != 0)
            return diag_error(runtime->diag, DIAG_RUN_MACHINE, NULL,
                              "the stacks of CPU %u cannot be mapped: %s", runtime->cpu_count,
                              strerror(-error));
    }
    return 0;
}

/* The one way in: nothing of an object is mapped before this has said yes. It asks nothing of the
 * signer; but what claims to be signed with this user's development key must be intact. */
static int verify(struct diag *diag, const struct runtime_options *options, const uint8_t *bytes,
                  size_t size)
{
    struct certificate *development = NULL;
    struct verify_report report = {0};
    int result = -1;

    if (development_certificate_load(diag, &development) != 0)
        return -1;
    const struct certificate *const known[] = {development};
    const struct verify_options verify_options = {.name = options->name,
                                                  .trust = VERIFY_UNSIGNED,
                                                  .known = known,
                                                  .known_count = development ? 1 : 0};
    result = verify_object(diag, &verify_options, bytes, size, &report);
    if (result > 0)
        verify_report_show(diag, options->name, &report);
    verify_report_free(&report);
    certificate_free(development);
    return result == 0 ? 0 : -1;
}

int runtime_open(struct diag *diag, const struct runtime_options *options, const uint8_t *bytes,
                 size_t size, struct runtime **result)
{
    struct runtime *runtime = NULL;
    int error = 0;

    *result = NULL;
    if (verify(diag, options, bytes, size) != 0)
        return -1;
    runtime = calloc(1, sizeof(*runtime));
    if (!runtime)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the runtime");
    runtime->diag = diag;
    runtime->name = options->name;
    runtime->timeout_ms = options->timeout_ms;
    error = reports_create(&runtime->reports);
    if (error != 0) {
        free(runtime);
        return diag_error(diag, DIAG_RUN_MACHINE, NULL, "no lock: %s", strerror(-error));
    }
    if (object_read(diag, options->name, bytes, size, &runtime->object) != 0 ||
        find_programs(runtime) != 0 || map_object(runtime, options) != 0 ||
        create_cpus(runtime, options) != 0 || signals_install(diag, &runtime->signals) != 0) {
        runtime_close(runtime);
        return -1;
    }
    *result = runtime;
    return 0;
}

void runtime_close(struct runtime *runtime)
{
    if (!runtime)
        return;
    signals_restore(&runtime->signals);
    for (unsigned i = 0; i < runtime->cpu_count; i++)
        cpu_destroy(&runtime->cpus[i]);
    free(runtime->cpus);
    image_unmap(&runtime->image);
    for (size_t i = 0; i < runtime->map_count; i++)
        map_destroy(runtime->maps[i]);
    free(runtime->maps);
    free(runtime->programs);
    debug_info_close(runtime->debug_info);
    object_free(runtime->object);
    reports_destroy(&runtime->reports);
    free(runtime);
}

struct map *runtime_ringbuf_of(const struct runtime *runtime, const void *record)
{
    for (size_t i = 0; i < runtime->map_count; i++) {
        if (ringbuf_contains(runtime->maps[i], record))
            return runtime->maps[i];
    }
    return NULL;
}

const struct debug_info *runtime_debug_info(struct runtime *runtime)
{
    if (!runtime->debug_info_read) {
        runtime->debug_info_read = true;
        /* Without it traces have names but no lines; the reader has said why. */
        debug_info_open(runtime->diag, "the object", runtime->object, &runtime->debug_info);
    }
    return runtime->debug_info;
}

uint64_t runtime_entry(const struct runtime *runtime, const struct program *program)
{
    return (uint64_t)runtime->image.base + program->entry;
}
