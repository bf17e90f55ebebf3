/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/map_ringbuf.h"

#include "runtime/user/map.h"

#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ringbuf {
    uint8_t *data; /* mapped twice in a row, so that a record is contiguous wherever it starts */
    uint64_t size; /* a power of two */
    uint64_t producer, consumer;
};

/* struct bpf_ringbuf_hdr */
struct header {
    uint32_t length; /* with BPF_RINGBUF_BUSY_BIT and BPF_RINGBUF_DISCARD_BIT */
    uint32_t page_offset;
};

enum { HEADER = BPF_RINGBUF_HDR_SZ, RECORD_MAX = UINT_MAX / 4 };
_Static_assert(sizeof(struct header) == HEADER, "a record's header has the kernel's size");

/* ringbuf_map_alloc() */
static int check(const struct rex_map_definition *definition)
{
    const uint32_t entries = definition->max_entries;

    if (definition->flags & ~(unsigned)BPF_F_NUMA_NODE)
        return -EINVAL;
    if (definition->key_size != 0 || definition->value_size != 0 || entries == 0 ||
        (entries & (entries - 1)) != 0 || entries % REX_PAGE_SIZE != 0)
        return -EINVAL;
    return 0;
}

static int create(struct map *map)
{
    struct ringbuf *ring = calloc(1, sizeof(*ring));
    int error;

    if (!ring)
        return -ENOMEM;
    ring->size = map->definition.max_entries;
    int file = memfd_create("rexc-ringbuf", MFD_CLOEXEC);
    if (file < 0 || ftruncate(file, (off_t)ring->size) != 0) {
        error = -errno;
        goto fail;
    }
    ring->data = mmap(NULL, ring->size * 2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ring->data == MAP_FAILED) {
        error = -errno;
        goto fail;
    }
    for (unsigned half = 0; half < 2; half++) {
        if (mmap(ring->data + half * ring->size, ring->size, PROT_READ | PROT_WRITE,
                 MAP_SHARED | MAP_FIXED, file, 0) == MAP_FAILED) {
            error = -errno;
            munmap(ring->data, ring->size * 2);
            goto fail;
        }
    }
    close(file);
    map->state = ring;
    return 0;
fail:
    if (file >= 0)
        close(file);
    free(ring);
    return error;
}

static void destroy(struct map *map)
{
    struct ringbuf *ring = map->state;

    munmap(ring->data, ring->size * 2);
    free(ring);
}

static bool is_ringbuf(const struct map *map)
{
    return map->operations == &map_ringbuf_operations;
}

/* __bpf_ringbuf_reserve() */
static void *reserve(struct ringbuf *ring, uint64_t size)
{
    uint64_t length = 0;
    struct header *header = NULL;

    if (size > RECORD_MAX)
        return NULL;
    length = (size + HEADER + 7) / 8 * 8;
    if (length > ring->size)
        return NULL;
    /* The producer may be at most size - 1 ahead. */
    if (ring->producer + length - ring->consumer > ring->size - 1)
        return NULL;
    uint64_t offset = ring->producer & (ring->size - 1);
    header = (struct header *)(ring->data + offset);
    header->length = (uint32_t)size | BPF_RINGBUF_BUSY_BIT;
    header->page_offset = (uint32_t)(offset / REX_PAGE_SIZE);
    ring->producer += length;
    return header + 1;
}

void *ringbuf_reserve(struct map *map, uint64_t size, uint64_t flags)
{
    void *record = NULL;

    if (!is_ringbuf(map) || flags != 0)
        return NULL;
    pthread_mutex_lock(&map->lock);
    record = reserve(map->state, size);
    pthread_mutex_unlock(&map->lock);
    return record;
}

void ringbuf_commit(struct map *map, void *record, bool discard)
{
    struct header *header = (struct header *)record - 1;

    pthread_mutex_lock(&map->lock);
    header->length &= ~BPF_RINGBUF_BUSY_BIT;
    if (discard)
        header->length |= BPF_RINGBUF_DISCARD_BIT;
    pthread_mutex_unlock(&map->lock);
}

int64_t ringbuf_output(struct map *map, const void *data, uint64_t size, uint64_t flags)
{
    void *record = NULL;

    if (!is_ringbuf(map) || (flags & ~(uint64_t)(BPF_RB_NO_WAKEUP | BPF_RB_FORCE_WAKEUP)))
        return -EINVAL;
    record = ringbuf_reserve(map, size, 0);
    if (!record)
        return -EAGAIN;
    memcpy(record, data, size);
    ringbuf_commit(map, record, false);
    return 0;
}

uint64_t ringbuf_query(struct map *map, uint64_t flags)
{
    uint64_t answer = 0;

    if (!is_ringbuf(map))
        return 0;
    pthread_mutex_lock(&map->lock);
    const struct ringbuf *ring = map->state;
    switch (flags) {
    case BPF_RB_AVAIL_DATA:
        answer = ring->producer - ring->consumer;
        break;
    case BPF_RB_RING_SIZE:
        answer = ring->size;
        break;
    case BPF_RB_CONS_POS:
        answer = ring->consumer;
        break;
    case BPF_RB_PROD_POS:
        answer = ring->producer;
        break;
    default:
        break;
    }
    pthread_mutex_unlock(&map->lock);
    return answer;
}

bool ringbuf_contains(const struct map *map, const void *record)
{
    const struct ringbuf *ring = map->state;
    uintptr_t address = (uintptr_t)record;

    return is_ringbuf(map) && address >= (uintptr_t)ring->data + HEADER &&
           address <= (uintptr_t)ring->data + ring->size * 2;
}

/* Every record that is there, discarded ones too: they take up room. */
static int each(struct map *map, map_visitor *visit, void *data)
{
    const struct ringbuf *ring = map->state;

    for (uint64_t position = ring->consumer; position < ring->producer;) {
        const struct header *header =
            (const struct header *)(ring->data + (position & (ring->size - 1)));
        uint32_t length = header->length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
        const char *note = (header->length & BPF_RINGBUF_BUSY_BIT)      ? "busy"
                           : (header->length & BPF_RINGBUF_DISCARD_BIT) ? "discarded"
                                                                        : NULL;
        visit(data, NULL, header + 1, length, note);
        position += ((uint64_t)length + HEADER + 7) / 8 * 8;
    }
    return 0;
}

const struct map_operations map_ringbuf_operations = {
    .name = "ringbuf",
    .check = check,
    .create = create,
    .destroy = destroy,
    .each = each,
};
