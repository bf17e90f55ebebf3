/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/object.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "runtime/abi/rex_ioctl.h"
#include "runtime/librex/device.h"
#include "runtime/librex/librex.h"
#include "runtime/librex/report.h"
#include "runtime/librex/stub.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct rex_object {
    struct diag diag;
    char *name;
    struct object *object;
    struct note *note;
    struct map_symbol *maps; /* by address */
    size_t map_count;
    struct bpf_object *bpf;
    struct bpf_map **bpf_maps; /* as maps */
    int descriptor;            /* of the loaded object; -1 */
    uint32_t id;
};

/* -- Opening ---------------------------------------------------------------------------------- */

/* The options that the caller's version of the library knows; the others are 0. */
static int take_options(void *options, size_t size, const void *given, size_t given_size)
{
    memset(options, 0, size);
    for (size_t i = size; i < given_size; i++) {
        if (((const unsigned char *)given)[i]) {
            errno = E2BIG; /* asks for something that this version cannot do */
            return -1;
        }
    }
    memcpy(options, given, given_size < size ? given_size : size);
    return 0;
}

static int take_open_options(struct rex_open_options *options, const struct rex_open_options *given)
{
    *options = (struct rex_open_options){0};
    return given ? take_options(options, sizeof(*options), given, given->size) : 0;
}

/* "firewall" of "/a/b/firewall.rex". */
static char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".rex") == 0)
        length -= 4;
    return strndup(name, length);
}

static struct rex_object *new_object(const struct rex_open_options *options, const char *path)
{
    struct rex_object *object = calloc(1, sizeof(*object));
    if (!object)
        return NULL;
    object->diag = (struct diag){options->log, options->log_data};
    object->descriptor = -1;
    object->name = options->name ? strdup(options->name) : base_name(path);
    if (!object->name) {
        free(object);
        return NULL;
    }
    return object;
}

/* A map that libbpf read from the BTF is the one that the program was compiled for. */
static bool map_fits(const struct bpf_map *map, const struct rex_map_definition *definition)
{
    return (uint32_t)bpf_map__type(map) == definition->type &&
           bpf_map__key_size(map) == definition->key_size &&
           bpf_map__value_size(map) == definition->value_size &&
           bpf_map__max_entries(map) == definition->max_entries &&
           bpf_map__map_flags(map) == definition->flags;
}

/* libbpf lists maps in the order in which the BTF has them, which is that of their addresses. */
static int match_maps(struct rex_object *object)
{
    struct bpf_map *map = NULL;

    object->bpf_maps = calloc(object->map_count + 1, sizeof(struct bpf_map *));
    if (!object->bpf_maps)
        return report_error(&object->diag, ENOMEM, "no memory for %s", object->name);
    for (size_t i = 0; i < object->map_count; i++) {
        map = bpf_object__next_map(object->bpf, map);
        if (!map || !map_fits(map, &object->maps[i].definition))
            return report_error(&object->diag, EINVAL,
                                "%s: map %s is not what the object's BTF says that it is",
                                object->name, object->maps[i].name);
        object->bpf_maps[i] = map;
    }
    return 0;
}

static int open_bpf_object(struct rex_object *object)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .object_name = object->name);
    void *bytes;
    size_t size;

    int result = stub_make(&object->diag, object->object, object->note, &bytes, &size);
    if (result < 0)
        return result;
    object->bpf = bpf_object__open_mem(bytes, size, &options);
    int error = errno;
    free(bytes);
    if (!object->bpf)
        return report_error(&object->diag, error, "%s: libbpf cannot open the stub object: %s",
                            object->name, strerror(error));
    return match_maps(object);
}

/* What object->object says, taken apart. */
static int open_parts(struct rex_object *object)
{
    if (note_read_object(&object->diag, object->name, object->object, &object->note) < 0 ||
        maps_find(&object->diag, object->name, object->object, &object->maps, &object->map_count) <
            0) {
        errno = EINVAL;
        return -EINVAL;
    }
    if (object->map_count != object->note->map_count)
        return report_error(&object->diag, EINVAL, "%s has %zu maps, and its note lists %zu",
                            object->name, object->map_count, object->note->map_count);
    report_debug(&object->diag, "%s: %zu programs, %zu maps", object->name,
                 object->note->program_count, object->map_count);
    return open_bpf_object(object);
}

/* result: of reading the bytes. */
static struct rex_object *finish_open(struct rex_object *object, int result)
{
    if (result < 0 && errno == 0)
        errno = EINVAL; /* the reader said why */
    if (result == 0 && open_parts(object) == 0)
        return object;
    int error = errno;
    rex_object__close(object);
    errno = error;
    return NULL;
}

struct rex_object *rex_object__open(const char *path, const struct rex_open_options *given)
{
    struct rex_open_options options;

    if (take_open_options(&options, given) < 0)
        return NULL;
    struct rex_object *object = new_object(&options, path);
    if (!object)
        return NULL;
    errno = 0;
    return finish_open(object, object_read_file(&object->diag, path, &object->object));
}

struct rex_object *rex_object__open_mem(const void *bytes, size_t size,
                                        const struct rex_open_options *given)
{
    struct rex_open_options options;

    if (take_open_options(&options, given) < 0)
        return NULL;
    if (!options.name) {
        errno = EINVAL;
        return NULL;
    }
    struct rex_object *object = new_object(&options, options.name);
    if (!object)
        return NULL;
    errno = 0;
    return finish_open(object,
                       object_read(&object->diag, object->name, bytes, size, &object->object));
}

/* -- Loading ---------------------------------------------------------------------------------- */

static int load_native(struct rex_object *object, int device,
                       const struct rex_load_options *options)
{
    int *descriptors = calloc(object->map_count + 1, sizeof(*descriptors));
    if (!descriptors)
        return report_error(&object->diag, ENOMEM, "no memory for %s", object->name);
    for (size_t i = 0; i < object->map_count; i++)
        descriptors[i] = bpf_map__fd(object->bpf_maps[i]);
    struct rex_ioc_load request = {
        .file = (uintptr_t)object->object->bytes,
        /* The signature follows the ELF file (linker/object.h). */
        .file_size = (uint32_t)(object->object->size + object->object->signature_size),
        .map_fds = (uintptr_t)descriptors,
        .map_count = (uint32_t)object->map_count,
        .timeout_ms = options->timeout_ms,
        .flags = options->flags,
    };
    int result = device_load(&object->diag, device, object->name, &request);
    free(descriptors);
    if (result < 0)
        return result;
    object->descriptor = result;
    object->id = request.id;
    return 0;
}

/* The program gets references to the maps, so that they live as long as it, and `bpftool prog`
 * shows them. */
static int bind_maps(struct rex_object *object, int program)
{
    for (size_t i = 0; i < object->map_count; i++) {
        int result = bpf_prog_bind_map(program, bpf_map__fd(object->bpf_maps[i]), NULL);
        if (result < 0 && result != -EEXIST)
            return report_error(&object->diag, -result, "%s: map %s cannot be bound: %s",
                                object->name, object->maps[i].name, strerror(-result));
    }
    return 0;
}

static int bind_programs(struct rex_object *object)
{
    for (size_t i = 0; i < object->note->program_count; i++) {
        const char *name = object->note->programs[i].name;
        const struct bpf_program *program = rex_object__find_program(object, name);
        int descriptor = program ? bpf_program__fd(program) : -1;
        if (descriptor < 0)
            continue; /* the caller does not want it: autoload is off */
        struct rex_ioc_bind request = {.program = (uint32_t)i, .prog_fd = descriptor};
        int result = device_bind(object->descriptor, &request);
        if (result < 0)
            return report_error(&object->diag, -result,
                                "%s: program %s cannot be put behind its stub: %s", object->name,
                                name, strerror(-result));
        result = bind_maps(object, descriptor);
        if (result < 0)
            return result;
        report_debug(&object->diag, "%s: program %s is loaded", object->name, name);
    }
    return 0;
}

int rex_object__load(struct rex_object *object, const struct rex_load_options *given)
{
    struct rex_load_options options = {0};

    if (given && take_options(&options, sizeof(options), given, given->size) < 0)
        return -errno;
    if (object->descriptor >= 0)
        return report_error(&object->diag, EBUSY, "%s is loaded already", object->name);
    int device = device_open(&object->diag);
    if (device < 0)
        return device;
    int result = bpf_object__load(object->bpf);
    if (result < 0)
        report_error(&object->diag, -result,
                     "%s: libbpf cannot load maps and stubs: %s (libbpf_set_print shows more)",
                     object->name, strerror(-result));
    if (result == 0)
        result = load_native(object, device, &options);
    if (result == 0)
        result = bind_programs(object);
    close(device);
    if (result < 0)
        errno = -result;
    return result;
}

/* -- The rest --------------------------------------------------------------------------------- */

struct bpf_object *rex_object__bpf_object(const struct rex_object *object)
{
    return object->bpf;
}

struct bpf_program *rex_object__find_program(const struct rex_object *object, const char *name)
{
    return bpf_object__find_program_by_name(object->bpf, name);
}

struct bpf_map *rex_object__find_map(const struct rex_object *object, const char *name)
{
    for (size_t i = 0; i < object->map_count; i++)
        if (strcmp(object->maps[i].name, name) == 0)
            return object->bpf_maps[i];
    errno = ENOENT;
    return NULL;
}

const char *rex_object__name(const struct rex_object *object)
{
    return object->name;
}

int rex_object__id(const struct rex_object *object, uint32_t *id)
{
    if (object->descriptor < 0) {
        errno = ENOENT;
        return -ENOENT;
    }
    *id = object->id;
    return 0;
}

int rex_object__fd(const struct rex_object *object)
{
    if (object->descriptor < 0) {
        errno = ENOENT;
        return -ENOENT;
    }
    return object->descriptor;
}

void rex_object__close(struct rex_object *object)
{
    if (!object)
        return;
    /* The stubs first: when nobody else holds them, the module can let go of the code. */
    bpf_object__close(object->bpf);
    if (object->descriptor >= 0)
        close(object->descriptor);
    free(object->bpf_maps);
    free(object->maps);
    note_free(object->note);
    object_free(object->object);
    free(object->name);
    free(object);
}
