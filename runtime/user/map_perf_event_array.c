/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/map_perf_event_array.h"

#include "base/buffer.h"
#include "runtime/user/map.h"

#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

/* One a CPU: records, each a 4-byte size and its bytes. */
struct events {
    unsigned count;
    struct buffer records[];
};

/* fd_array_map_alloc_check(), array_map_alloc_check() */
static int check(const struct rex_map_definition *definition)
{
    const unsigned known = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_PRESERVE_ELEMS;

    if (definition->value_size != 4 || definition->key_size != 4 || definition->max_entries == 0 ||
        (definition->flags & ~known))
        return -EINVAL;
    return 0;
}

static int create(struct map *map)
{
    struct events *events = calloc(1, sizeof(*events) + map->cpus * sizeof(events->records[0]));

    if (!events)
        return -ENOMEM;
    events->count = map->cpus;
    map->state = events;
    return 0;
}

static void destroy(struct map *map)
{
    struct events *events = map->state;

    for (unsigned cpu = 0; cpu < events->count; cpu++)
        buffer_free(&events->records[cpu]);
    free(events);
}

static int64_t append(struct buffer *records, const void *data, uint64_t size)
{
    uint32_t length = (uint32_t)size;

    if (size + sizeof(length) > PERF_EVENT_ARRAY_BYTES - records->length)
        return -ENOSPC;
    if (buffer_append(records, &length, sizeof(length)) != 0 ||
        buffer_append(records, data, size) != 0)
        return -ENOMEM;
    return 0;
}

int64_t perf_event_array_output(struct map *map, unsigned cpu, uint64_t flags, const void *data,
                                uint64_t size)
{
    const uint64_t index = flags & BPF_F_INDEX_MASK;
    struct events *events = map->state;
    int64_t result = 0;

    if (map->operations != &map_perf_event_array_operations || (flags & ~BPF_F_INDEX_MASK))
        return -EINVAL;
    const uint64_t target = index == BPF_F_CURRENT_CPU ? cpu : index;
    if (target >= map->definition.max_entries)
        return -E2BIG;
    if (target >= events->count)
        return -ENOENT;
    if (target != cpu)
        return -EOPNOTSUPP;
    if (size > USHRT_MAX) /* a perf record's size field has 16 bits */
        return -E2BIG;
    pthread_mutex_lock(&map->lock);
    result = append(&events->records[cpu], data, size);
    pthread_mutex_unlock(&map->lock);
    return result;
}

/* The key of a record is its CPU. */
static int each(struct map *map, map_visitor *visit, void *data)
{
    const struct events *events = map->state;

    for (unsigned cpu = 0; cpu < events->count; cpu++) {
        const struct buffer *records = &events->records[cpu];
        for (size_t at = 0; at < records->length;) {
            uint32_t length;
            memcpy(&length, records->data + at, sizeof(length));
            at += sizeof(length);
            visit(data, &cpu, records->data + at, length, NULL);
            at += length;
        }
    }
    return 0;
}

const struct map_operations map_perf_event_array_operations = {
    .name = "perf_event_array",
    .check = check,
    .create = create,
    .destroy = destroy,
    .each = each,
};
