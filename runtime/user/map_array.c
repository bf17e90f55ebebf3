/* SPDX-License-Identifier: Apache-2.0 */
/* BPF_MAP_TYPE_ARRAY and BPF_MAP_TYPE_PERCPU_ARRAY (kernel/bpf/arraymap.c). */
#include "runtime/user/map.h"

#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Values of one CPU after the other; an array has one copy. */
struct array {
    uint8_t *values;
    size_t bytes;  /* of the mapping */
    size_t stride; /* of a value */
    unsigned copies;
};

/* array_map_alloc_check() */
static int check(const struct rex_map_definition *definition)
{
    const unsigned known = BPF_F_NUMA_NODE | BPF_F_MMAPABLE | MAP_ACCESS_FLAGS |
                           BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP;
    const bool percpu = definition->type == BPF_MAP_TYPE_PERCPU_ARRAY;

    if (definition->max_entries == 0 || definition->key_size != 4 || definition->value_size == 0 ||
        (definition->flags & ~known) || map_check_access(definition) ||
        (percpu && (definition->flags & BPF_F_NUMA_NODE)))
        return -EINVAL;
    if (definition->type != BPF_MAP_TYPE_ARRAY &&
        (definition->flags & (BPF_F_MMAPABLE | BPF_F_INNER_MAP)))
        return -EINVAL;
    if (definition->flags & BPF_F_PRESERVE_ELEMS) /* for perf event arrays only */
        return -EINVAL;
    if (definition->value_size > INT_MAX)
        return -E2BIG;
    if (percpu && map_value_stride(definition) > MAP_PERCPU_UNIT_MIN)
        return -E2BIG;
    return 0;
}

static int create(struct map *map)
{
    struct array *array = calloc(1, sizeof(*array));

    if (!array)
        return -ENOMEM;
    array->stride = map_value_stride(&map->definition);
    array->copies = map->definition.type == BPF_MAP_TYPE_PERCPU_ARRAY ? map->cpus : 1;
    /* Not malloc: a big array must cost only the pages that are touched. */
    if (__builtin_mul_overflow(array->stride, map->definition.max_entries, &array->bytes) ||
        __builtin_mul_overflow(array->bytes, array->copies, &array->bytes)) {
        free(array);
        return -E2BIG;
    }
    array->values = mmap(NULL, array->bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (array->values == MAP_FAILED) {
        free(array);
        return -ENOMEM;
    }
    map->state = array;
    return 0;
}

static void destroy(struct map *map)
{
    struct array *array = map->state;

    munmap(array->values, array->bytes);
    free(array);
}

static uint32_t index_of(const void *key)
{
    uint32_t index;

    memcpy(&index, key, sizeof(index));
    return index;
}

static uint8_t *value_at(const struct map *map, unsigned cpu, uint32_t index)
{
    const struct array *array = map->state;
    size_t copy = array->copies > 1 ? cpu : 0;

    return array->values + (copy * map->definition.max_entries + index) * array->stride;
}

static void *values(struct map *map)
{
    return value_at(map, 0, 0);
}

static void *lookup(struct map *map, unsigned cpu, const void *key)
{
    uint32_t index = index_of(key);

    return index < map->definition.max_entries ? value_at(map, cpu, index) : NULL;
}

/* array_map_update_elem() */
static int64_t update(struct map *map, unsigned cpu, const void *key, const void *value,
                      uint64_t flags)
{
    uint32_t index = index_of(key);

    if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
        return -EINVAL;
    if (index >= map->definition.max_entries)
        return -E2BIG;
    if (flags & BPF_NOEXIST) /* every element exists */
        return -EEXIST;
    if (flags & BPF_F_LOCK) /* no map of an object tells the kernel of a lock in its values */
        return -EINVAL;
    memcpy(value_at(map, cpu, index), value, map->definition.value_size);
    return 0;
}

/* array_map_delete_elem() */
static int64_t refuse_remove(struct map *map, const void *key)
{
    (void)map;
    (void)key;
    return -EINVAL;
}

static int each(struct map *map, map_visitor *visit, void *data)
{
    for (uint32_t i = 0; i < map->definition.max_entries; i++)
        visit(data, &i, value_at(map, 0, i), map->definition.value_size, NULL);
    return 0;
}

/* A per-CPU value is shown as bpf(BPF_MAP_LOOKUP_ELEM) hands it out: each CPU's copy, padded to 8
 * bytes. */
static int each_percpu(struct map *map, map_visitor *visit, void *data)
{
    const struct array *array = map->state;
    size_t size = array->stride * array->copies;
    uint8_t *all = malloc(size);

    if (!all)
        return -ENOMEM;
    for (uint32_t i = 0; i < map->definition.max_entries; i++) {
        for (unsigned cpu = 0; cpu < array->copies; cpu++)
            memcpy(all + cpu * array->stride, value_at(map, cpu, i), array->stride);
        visit(data, &i, all, size, NULL);
    }
    free(all);
    return 0;
}

const struct map_operations map_array_operations = {
    .name = "array",
    .check = check,
    .create = create,
    .destroy = destroy,
    .lookup = lookup,
    .update = update,
    .remove = refuse_remove,
    .each = each,
    .values = values,
};

const struct map_operations map_percpu_array_operations = {
    .name = "percpu_array",
    .check = check,
    .create = create,
    .destroy = destroy,
    .lookup = lookup,
    .update = update,
    .remove = refuse_remove,
    .each = each_percpu,
};
