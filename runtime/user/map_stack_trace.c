/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/map_stack_trace.h"

#include "runtime/user/map.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

struct bucket {
    uint32_t hash;
    uint32_t count;
    uint64_t addresses[];
};

struct stack_map {
    struct bucket **buckets;
    uint32_t mask;
    uint32_t used; /* buckets that hold a stack; the kernel has memory for max_entries */
};

/* stack_map_alloc() */
static int check(const struct rex_map_definition *definition)
{
    const unsigned known = BPF_F_NUMA_NODE | BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_STACK_BUILD_ID;
    const uint32_t size = definition->value_size;

    if (definition->flags & ~known)
        return -EINVAL;
    if (definition->max_entries == 0 || definition->key_size != 4 || size < 8 || size % 8 != 0)
        return -EINVAL;
    if (definition->flags & BPF_F_STACK_BUILD_ID) {
        if (size % sizeof(struct bpf_stack_build_id) != 0 ||
            size / sizeof(struct bpf_stack_build_id) > PERF_MAX_STACK_DEPTH)
            return -EINVAL;
    } else if (size / 8 > PERF_MAX_STACK_DEPTH) {
        return -EINVAL;
    }
    if (definition->max_entries > 1u << 31)
        return -E2BIG;
    return 0;
}

static int create(struct map *map)
{
    struct stack_map *stacks = calloc(1, sizeof(*stacks));
    size_t buckets = 1;

    if (!stacks)
        return -ENOMEM;
    while (buckets < map->definition.max_entries)
        buckets *= 2;
    stacks->mask = (uint32_t)(buckets - 1);
    stacks->buckets = calloc(buckets, sizeof(stacks->buckets[0]));
    if (!stacks->buckets) {
        free(stacks);
        return -ENOMEM;
    }
    map->state = stacks;
    return 0;
}

static void destroy(struct map *map)
{
    struct stack_map *stacks = map->state;

    for (size_t i = 0; i <= stacks->mask; i++)
        free(stacks->buckets[i]);
    free(stacks->buckets);
    free(stacks);
}

/* jhash2() of include/linux/jhash.h (Bob Jenkins' lookup3 of 32-bit words), so that ids are the
 * kernel's. */
static uint32_t rotate(uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

static uint32_t jhash2(const uint32_t *words, uint32_t length)
{
    uint32_t a = 0xdeadbeef + (length << 2), b = a, c = a;

    while (length > 3) {
        a += words[0];
        b += words[1];
        c += words[2];
        a -= c, a ^= rotate(c, 4), c += b;
        b -= a, b ^= rotate(a, 6), a += c;
        c -= b, c ^= rotate(b, 8), b += a;
        a -= c, a ^= rotate(c, 16), c += b;
        b -= a, b ^= rotate(a, 19), a += c;
        c -= b, c ^= rotate(b, 4), b += a;
        length -= 3;
        words += 3;
    }
    if (length == 0)
        return c;
    if (length == 3)
        c += words[2];
    if (length >= 2)
        b += words[1];
    a += words[0];
    c ^= b, c -= rotate(b, 14);
    a ^= c, a -= rotate(c, 11);
    b ^= a, b -= rotate(a, 25);
    c ^= b, c -= rotate(b, 16);
    a ^= c, a -= rotate(c, 4);
    b ^= a, b -= rotate(a, 14);
    c ^= b, c -= rotate(b, 24);
    return c;
}

static uint32_t hash_of(const uint64_t *addresses, size_t count)
{
    uint32_t words[2 * PERF_MAX_STACK_DEPTH];

    memcpy(words, addresses, count * sizeof(*addresses));
    return jhash2(words, (uint32_t)(2 * count));
}

static int64_t store(struct map *map, const uint64_t *addresses, size_t count, uint64_t flags)
{
    struct stack_map *stacks = map->state;
    uint32_t hash = hash_of(addresses, count);
    uint32_t id = hash & stacks->mask;
    struct bucket *old = stacks->buckets[id], *bucket = NULL;
    const size_t bytes = count * sizeof(addresses[0]);

    if (old && old->hash == hash) {
        if (flags & BPF_F_FAST_STACK_CMP)
            return id;
        if (old->count == count && memcmp(old->addresses, addresses, bytes) == 0)
            return id;
    }
    if (old && !(flags & BPF_F_REUSE_STACKID))
        return -EEXIST;
    /* The kernel takes memory for the new stack before it gives back that of the old. */
    if (stacks->used >= map->definition.max_entries)
        return -ENOMEM;
    bucket = malloc(sizeof(*bucket) + bytes);
    if (!bucket)
        return -ENOMEM;
    stacks->used += !old;
    bucket->hash = hash;
    bucket->count = (uint32_t)count;
    memcpy(bucket->addresses, addresses, bytes);
    stacks->buckets[id] = bucket;
    free(old);
    return id;
}

int64_t stack_trace_id(struct map *map, const uint64_t *addresses, size_t count, uint64_t flags)
{
    const uint64_t known =
        BPF_F_SKIP_FIELD_MASK | BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP | BPF_F_REUSE_STACKID;
    const size_t skip = flags & BPF_F_SKIP_FIELD_MASK;
    int64_t id = 0;

    if (map->operations != &map_stack_trace_operations || (flags & ~known))
        return -EINVAL;
    size_t depth = map->definition.value_size / 8;
    if (map->definition.flags & BPF_F_STACK_BUILD_ID)
        depth = map->definition.value_size / sizeof(struct bpf_stack_build_id);
    if (count <= skip)
        return -EFAULT;
    count -= skip;
    if (count > depth)
        count = depth;
    pthread_mutex_lock(&map->lock);
    id = store(map, addresses + skip, count, flags);
    pthread_mutex_unlock(&map->lock);
    return id;
}

/* stack_map_delete_elem() */
static int64_t remove_element(struct map *map, const void *key)
{
    struct stack_map *stacks = map->state;
    uint32_t id;

    memcpy(&id, key, sizeof(id));
    if (id > stacks->mask)
        return -E2BIG;
    if (!stacks->buckets[id])
        return -ENOENT;
    free(stacks->buckets[id]);
    stacks->buckets[id] = NULL;
    stacks->used--;
    return 0;
}

/* stack_map_update_elem() */
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

/* The value that bpf(BPF_MAP_LOOKUP_ELEM) hands out: the addresses, then zeroes. */
static int each(struct map *map, map_visitor *visit, void *data)
{
    const struct stack_map *stacks = map->state;
    uint64_t value[PERF_MAX_STACK_DEPTH * 4];

    for (size_t i = 0; i <= stacks->mask; i++) {
        const struct bucket *bucket = stacks->buckets[i];
        uint32_t id = (uint32_t)i;
        if (!bucket)
            continue;
        memset(value, 0, sizeof(value));
        memcpy(value, bucket->addresses, bucket->count * sizeof(value[0]));
        visit(data, &id, value, map->definition.value_size, NULL);
    }
    return 0;
}

const struct map_operations map_stack_trace_operations = {
    .name = "stack_trace",
    .check = check,
    .create = create,
    .destroy = destroy,
    .update = no_update,
    .remove = remove_element,
    .each = each,
};
