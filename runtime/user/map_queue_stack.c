/* SPDX-License-Identifier: Apache-2.0 */
/* BPF_MAP_TYPE_QUEUE and BPF_MAP_TYPE_STACK (kernel/bpf/queue_stack_maps.c). */
#include "runtime/user/map.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* A ring of max_entries + 1 places, one of which is always empty. */
struct queue {
    uint8_t *values;
    size_t bytes; /* of the mapping */
    uint32_t head, tail, size;
};

/* queue_stack_map_alloc_check() */
static int check(const struct rex_map_definition *definition)
{
    if (definition->max_entries == 0 || definition->key_size != 0 || definition->value_size == 0 ||
        (definition->flags & ~(unsigned)(BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS)) ||
        map_check_access(definition))
        return -EINVAL;
    if (definition->value_size > MAP_KMALLOC_MAX)
        return -E2BIG;
    if (definition->max_entries == UINT32_MAX) /* its ring has one place more than fits u32 */
        return -ENOMEM;
    return 0;
}

static int create(struct map *map)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (!queue)
        return -ENOMEM;
    queue->size = map->definition.max_entries + 1;
    queue->bytes = (size_t)queue->size * map->definition.value_size;
    queue->values = mmap(NULL, queue->bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (queue->values == MAP_FAILED) {
        free(queue);
        return -ENOMEM;
    }
    map->state = queue;
    return 0;
}

static void destroy(struct map *map)
{
    struct queue *queue = map->state;

    munmap(queue->values, queue->bytes);
    free(queue);
}

static uint8_t *place(const struct map *map, uint32_t index)
{
    const struct queue *queue = map->state;

    return queue->values + (size_t)index * map->definition.value_size;
}

static uint32_t after(const struct queue *queue, uint32_t index)
{
    return index + 1 == queue->size ? 0 : index + 1;
}

static uint32_t before(const struct queue *queue, uint32_t index)
{
    return index == 0 ? queue->size - 1 : index - 1;
}

/* queue_stack_map_push_elem(): with BPF_EXIST a full map loses its oldest element, a stack too. */
static int64_t push(struct map *map, const void *value, uint64_t flags)
{
    struct queue *queue = map->state;

    if ((flags & BPF_NOEXIST) || flags > BPF_EXIST)
        return -EINVAL;
    if (after(queue, queue->head) == queue->tail) {
        if (flags != BPF_EXIST)
            return -E2BIG;
        queue->tail = after(queue, queue->tail);
    }
    memcpy(place(map, queue->head), value, map->definition.value_size);
    queue->head = after(queue, queue->head);
    return 0;
}

/* __queue_map_get() and __stack_map_get(): the value of an empty map is all zeroes. */
static int64_t get(struct map *map, void *value, bool stack, bool take)
{
    struct queue *queue = map->state;

    if (queue->head == queue->tail) {
        memset(value, 0, map->definition.value_size);
        return -ENOENT;
    }
    if (stack) {
        uint32_t newest = before(queue, queue->head);
        memcpy(value, place(map, newest), map->definition.value_size);
        if (take)
            queue->head = newest;
    } else {
        memcpy(value, place(map, queue->tail), map->definition.value_size);
        if (take)
            queue->tail = after(queue, queue->tail);
    }
    return 0;
}

static bool is_stack(const struct map *map)
{
    return map->definition.type == BPF_MAP_TYPE_STACK;
}

static int64_t pop(struct map *map, void *value)
{
    return get(map, value, is_stack(map), true);
}

static int64_t peek(struct map *map, void *value)
{
    return get(map, value, is_stack(map), false);
}

/* queue_stack_map_{lookup,update,delete}_elem() */
static void *no_lookup(struct map *map, unsigned cpu, const void *key)
{
    (void)map;
    (void)cpu;
    (void)key;
    return NULL;
}

static int64_t no_update(struct map *map, unsigned cpu, const void *key, const void *value,
                         uint64_t flags)
{
    (void)map;
    (void)cpu;
    (void)key;
    (void)value;
    (void)flags;
    return -EINVAL;
}

static int64_t no_remove(struct map *map, const void *key)
{
    (void)map;
    (void)key;
    return -EINVAL;
}

/* In the order in which pop would hand them out. */
static int each(struct map *map, map_visitor *visit, void *data)
{
    const struct queue *queue = map->state;

    if (is_stack(map)) {
        for (uint32_t i = queue->head; i != queue->tail; i = before(queue, i))
            visit(data, NULL, place(map, before(queue, i)), map->definition.value_size, NULL);
    } else {
        for (uint32_t i = queue->tail; i != queue->head; i = after(queue, i))
            visit(data, NULL, place(map, i), map->definition.value_size, NULL);
    }
    return 0;
}

const struct map_operations map_queue_operations = {
    .name = "queue",
    .check = check,
    .create = create,
    .destroy = destroy,
    .lookup = no_lookup,
    .update = no_update,
    .remove = no_remove,
    .push = push,
    .pop = pop,
    .peek = peek,
    .each = each,
};

const struct map_operations map_stack_operations = {
    .name = "stack",
    .check = check,
    .create = create,
    .destroy = destroy,
    .lookup = no_lookup,
    .update = no_update,
    .remove = no_remove,
    .push = push,
    .pop = pop,
    .peek = peek,
    .each = each,
};
