/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF_MAP_TYPE_HASH (kernel/bpf/hashtab.c). As in the kernel, the memory of a deleted element may
 * become another element at once, while a program still holds a reference to it; it is never given
 * back before the map is, so such a reference always points to some element's value.
 */
#include "runtime/user/map.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct element {
    struct element *next; /* in its bucket, or in the list of free elements */
    uint32_t hash;
    uint32_t reserved;
    uint8_t key[]; /* then the value, 8-byte aligned */
};

struct hash_map {
    struct element **buckets;
    uint32_t mask;
    uint32_t count; /* elements in the map */
    size_t key_stride, element_size;
    struct element *free; /* elements that were used before, newest first */
    bool preallocated;
    /* Preallocated: max_entries elements and one more for each CPU, so that replacing one in a full
     * map works; touched in order as they are first used. */
    uint8_t *pool;
    size_t pool_bytes;
    size_t pool_used;        /* elements */
    struct element *spare[]; /* one a CPU: the element that the next replacement takes */
};

/* sizeof(struct htab_elem): the key follows it */
enum { KERNEL_ELEMENT = 48 };

/* Buckets are a power of two of at most U32_MAX / sizeof(struct bucket), which is 16 bytes. */
enum { BUCKETS_MAX = 1 << 27 };

/* htab_map_alloc_check(), and the limit on buckets of htab_map_alloc() */
static int check(const struct rex_map_definition *definition)
{
    const unsigned known = BPF_F_NO_PREALLOC | BPF_F_NUMA_NODE | MAP_ACCESS_FLAGS | BPF_F_ZERO_SEED;

    if ((definition->flags & ~known) || map_check_access(definition))
        return -EINVAL;
    if (definition->max_entries == 0 || definition->key_size == 0 || definition->value_size == 0)
        return -EINVAL;
    if ((uint64_t)definition->key_size + definition->value_size >= MAP_KMALLOC_MAX - KERNEL_ELEMENT)
        return -E2BIG;
    if (definition->max_entries > BUCKETS_MAX)
        return -E2BIG;
    return 0;
}

static int create(struct map *map)
{
    const struct rex_map_definition *definition = &map->definition;
    struct hash_map *hash = calloc(1, sizeof(*hash) + map->cpus * sizeof(hash->spare[0]));
    size_t buckets = 1;

    if (!hash)
        return -ENOMEM;
    while (buckets < definition->max_entries)
        buckets *= 2;
    hash->mask = (uint32_t)(buckets - 1);
    hash->key_stride = ((size_t)definition->key_size + 7) / 8 * 8;
    hash->element_size =
        offsetof(struct element, key) + hash->key_stride + map_value_stride(definition);
    hash->preallocated = !(definition->flags & BPF_F_NO_PREALLOC);
    hash->buckets = calloc(buckets, sizeof(hash->buckets[0]));
    if (!hash->buckets)
        goto fail;
    if (hash->preallocated) {
        size_t elements = (size_t)definition->max_entries + map->cpus;
        if (__builtin_mul_overflow(elements, hash->element_size, &hash->pool_bytes))
            goto fail;
        /* Not malloc: a big map must cost only the pages that are touched. */
        hash->pool = mmap(NULL, hash->pool_bytes, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (hash->pool == MAP_FAILED)
            goto fail;
        for (unsigned cpu = 0; cpu < map->cpus; cpu++)
            hash->spare[cpu] =
                (struct element *)(hash->pool +
                                   (definition->max_entries + (size_t)cpu) * hash->element_size);
    }
    map->state = hash;
    return 0;
fail:
    free(hash->buckets);
    free(hash);
    return -ENOMEM;
}

static void free_list(struct element *element)
{
    while (element) {
        struct element *next = element->next;
        free(element);
        element = next;
    }
}

static void destroy(struct map *map)
{
    struct hash_map *hash = map->state;

    if (hash->preallocated) {
        munmap(hash->pool, hash->pool_bytes);
    } else {
        for (size_t i = 0; i <= hash->mask; i++)
            free_list(hash->buckets[i]);
        free_list(hash->free);
    }
    free(hash->buckets);
    free(hash);
}

/* FNV-1a. Which hash it is cannot be seen from a program, as a hash map has no order. */
static uint32_t hash_of(const uint8_t *key, size_t size)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ key[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* The link that points to the key's element; to NULL at the bucket's end when there is none. */
static struct element **find(const struct map *map, const void *key, uint32_t hash)
{
    const struct hash_map *table = map->state;
    struct element **link = &table->buckets[hash & table->mask];

    while (*link &&
           ((*link)->hash != hash || memcmp((*link)->key, key, map->definition.key_size) != 0))
        link = &(*link)->next;
    return link;
}

static uint8_t *value_of(const struct hash_map *hash, struct element *element)
{
    return element->key + hash->key_stride;
}

static void *lookup(struct map *map, unsigned cpu, const void *key)
{
    struct element *element = *find(map, key, hash_of(key, map->definition.key_size));

    (void)cpu;
    return element ? value_of(map->state, element) : NULL;
}

static struct element *pop_free(struct hash_map *hash)
{
    struct element *element = hash->free;

    if (element)
        hash->free = element->next;
    return element;
}

/* alloc_htab_elem(): NULL with *error set when the map is full or memory ran out. */
static struct element *allocate(struct map *map, unsigned cpu, struct element *old, int64_t *error)
{
    struct hash_map *hash = map->state;
    struct element *element = NULL;

    *error = -E2BIG;
    if (hash->preallocated && old) {
        element = hash->spare[cpu];
        hash->spare[cpu] = old; /* the caller takes it out of its bucket */
        return element;
    }
    if (!old && hash->count >= map->definition.max_entries)
        return NULL;
    element = pop_free(hash);
    if (element)
        return element;
    if (hash->preallocated)
        return (struct element *)(hash->pool + hash->pool_used++ * hash->element_size);
    *error = -ENOMEM;
    return calloc(1, hash->element_size);
}

/* htab_map_update_elem() */
static int64_t update(struct map *map, unsigned cpu, const void *key, const void *value,
                      uint64_t flags)
{
    struct hash_map *hash = map->state;
    const struct rex_map_definition *definition = &map->definition;
    uint32_t key_hash = hash_of(key, definition->key_size);
    struct element **link = NULL, *old = NULL, *element = NULL;
    int64_t error = 0;

    if ((flags & ~(uint64_t)BPF_F_LOCK) > BPF_EXIST)
        return -EINVAL;
    if (flags & BPF_F_LOCK) /* no map of an object tells the kernel of a lock in its values */
        return -EINVAL;
    link = find(map, key, key_hash);
    old = *link;
    if (old && flags == BPF_NOEXIST)
        return -EEXIST;
    if (!old && flags == BPF_EXIST)
        return -ENOENT;
    element = allocate(map, cpu, old, &error);
    if (!element)
        return error;
    element->hash = key_hash;
    memcpy(element->key, key, definition->key_size);
    memcpy(value_of(hash, element), value, definition->value_size);
    if (old) {
        element->next = old->next;
        *link = element;
        if (!hash->preallocated) {
            old->next = hash->free;
            hash->free = old;
        }
    } else {
        element->next = NULL;
        *link = element;
        hash->count++;
    }
    return 0;
}

static int64_t remove_element(struct map *map, const void *key)
{
    struct hash_map *hash = map->state;
    struct element **link = find(map, key, hash_of(key, map->definition.key_size));
    struct element *element = *link;

    if (!element)
        return -ENOENT;
    *link = element->next;
    element->next = hash->free;
    hash->free = element;
    hash->count--;
    return 0;
}

/* By key: short ones as numbers (little-endian), long ones byte by byte. */
static int compare_keys(const void *a, const void *b, void *data)
{
    const uint8_t *left = (*(struct element *const *)a)->key;
    const uint8_t *right = (*(struct element *const *)b)->key;
    const size_t size = *(const size_t *)data;

    if (size > sizeof(uint64_t))
        return memcmp(left, right, size);
    for (size_t i = size; i-- > 0;) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

static int each(struct map *map, map_visitor *visit, void *data)
{
    const struct hash_map *hash = map->state;
    size_t key_size = map->definition.key_size, count = 0;
    struct element **elements = calloc((size_t)hash->count + 1, sizeof(*elements));

    if (!elements)
        return -ENOMEM;
    for (size_t i = 0; i <= hash->mask; i++)
        for (struct element *element = hash->buckets[i]; element; element = element->next)
            elements[count++] = element;
    qsort_r(elements, count, sizeof(*elements), compare_keys, &key_size);
    for (size_t i = 0; i < count; i++)
        visit(data, elements[i]->key, value_of(hash, elements[i]), map->definition.value_size,
              NULL);
    free(elements);
    return 0;
}

const struct map_operations map_hash_operations = {
    .name = "hash",
    .check = check,
    .create = create,
    .destroy = destroy,
    .lookup = lookup,
    .update = update,
    .remove = remove_element,
    .each = each,
};
