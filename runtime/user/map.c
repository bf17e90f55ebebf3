/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/map.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

static const struct map_operations *operations_of(unsigned type)
{
    switch (type) {
    case BPF_MAP_TYPE_HASH:
        return &map_hash_operations;
    case BPF_MAP_TYPE_ARRAY:
        return &map_array_operations;
    case BPF_MAP_TYPE_PERCPU_ARRAY:
        return &map_percpu_array_operations;
    case BPF_MAP_TYPE_QUEUE:
        return &map_queue_operations;
    case BPF_MAP_TYPE_STACK:
        return &map_stack_operations;
    case BPF_MAP_TYPE_RINGBUF:
        return &map_ringbuf_operations;
    case BPF_MAP_TYPE_STACK_TRACE:
        return &map_stack_trace_operations;
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return &map_perf_event_array_operations;
    default:
        return NULL;
    }
}

size_t map_value_stride(const struct rex_map_definition *definition)
{
    return ((size_t)definition->value_size + 7) / 8 * 8;
}

int map_check_access(const struct rex_map_definition *definition)
{
    const unsigned both = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

    return (definition->flags & both) == both ? -EINVAL : 0;
}

int map_create(const char *name, const struct rex_map_definition *definition, unsigned cpus,
               struct map **result)
{
    const struct map_operations *operations = operations_of(definition->type);
    const unsigned user_access = BPF_F_RDONLY | BPF_F_WRONLY;
    struct map *map = NULL;

    *result = NULL;
    /* bpf_get_file_flag(): user space must be able to do one of the two. */
    if (!operations || (definition->flags & user_access) == user_access)
        return -EINVAL;
    int error = operations->check(definition);
    if (error)
        return error;
    map = calloc(1, sizeof(*map));
    if (!map)
        return -ENOMEM;
    map->operations = operations;
    map->definition = *definition;
    map->definition.map = 0;
    map->cpus = cpus;
    map->name = strdup(name);
    if (!map->name) {
        error = -ENOMEM;
        goto fail;
    }
    error = -pthread_mutex_init(&map->lock, NULL);
    if (error)
        goto fail;
    error = operations->create(map);
    if (error) {
        pthread_mutex_destroy(&map->lock);
        goto fail;
    }
    *result = map;
    return 0;
fail:
    free(map->name);
    free(map);
    return error;
}

void map_destroy(struct map *map)
{
    if (!map)
        return;
    map->operations->destroy(map);
    pthread_mutex_destroy(&map->lock);
    free(map->name);
    free(map);
}

void *map_values(struct map *map)
{
    return map->operations->values ? map->operations->values(map) : NULL;
}

void *map_lookup(struct map *map, unsigned cpu, const void *key)
{
    void *value = NULL;

    if (!map->operations->lookup)
        return NULL;
    pthread_mutex_lock(&map->lock);
    value = map->operations->lookup(map, cpu, key);
    pthread_mutex_unlock(&map->lock);
    return value;
}

/* A program's write to a map that was made read-only for programs; the kernel's verifier says
 * EACCES. */
static int64_t check_writable(const struct map *map)
{
    return (map->definition.flags & BPF_F_RDONLY_PROG) ? -EACCES : 0;
}

int64_t map_update(struct map *map, unsigned cpu, const void *key, const void *value,
                   uint64_t flags)
{
    int64_t result = check_writable(map);

    if (result != 0)
        return result;
    if (!map->operations->update)
        return -EOPNOTSUPP;
    pthread_mutex_lock(&map->lock);
    result = map->operations->update(map, cpu, key, value, flags);
    pthread_mutex_unlock(&map->lock);
    return result;
}

int64_t map_remove(struct map *map, const void *key)
{
    int64_t result = check_writable(map);

    if (result != 0)
        return result;
    if (!map->operations->remove)
        return -EOPNOTSUPP;
    pthread_mutex_lock(&map->lock);
    result = map->operations->remove(map, key);
    pthread_mutex_unlock(&map->lock);
    return result;
}

int64_t map_push(struct map *map, const void *value, uint64_t flags)
{
    int64_t result = check_writable(map);

    if (result != 0)
        return result;
    if (!map->operations->push)
        return -EOPNOTSUPP;
    pthread_mutex_lock(&map->lock);
    result = map->operations->push(map, value, flags);
    pthread_mutex_unlock(&map->lock);
    return result;
}

int64_t map_pop(struct map *map, void *value)
{
    int64_t result = 0;

    if (!map->operations->pop)
        return -EOPNOTSUPP;
    pthread_mutex_lock(&map->lock);
    result = map->operations->pop(map, value);
    pthread_mutex_unlock(&map->lock);
    return result;
}

int64_t map_peek(struct map *map, void *value)
{
    int64_t result = 0;

    if (!map->operations->peek)
        return -EOPNOTSUPP;
    pthread_mutex_lock(&map->lock);
    result = map->operations->peek(map, value);
    pthread_mutex_unlock(&map->lock);
    return result;
}

int map_each(struct map *map, map_visitor *visit, void *data)
{
    int result = 0;

    pthread_mutex_lock(&map->lock);
    result = map->operations->each(map, visit, data);
    pthread_mutex_unlock(&map->lock);
    return result;
}
