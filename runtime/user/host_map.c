/* SPDX-License-Identifier: Apache-2.0 */
/* Imports: maps. The map of a call is what the definition's `map` holds, never a program's own
 * number. */
#include "runtime/user/cpu.h"
#include "runtime/user/host.h"
#include "runtime/user/map.h"
#include "runtime/user/map_ringbuf.h"
#include "runtime/user/runtime.h"

#include <errno.h>

void *host_bpf_map_lookup_elem(struct map *map, const void *key)
{
    return map_lookup(map, cpu_current()->visible.cpu_number, key);
}

void *host_rex_hash_lookup(struct map *map, const void *key)
{
    return map_lookup(map, cpu_current()->visible.cpu_number, key);
}

int64_t host_bpf_map_update_elem(struct map *map, const void *key, const void *value,
                                 uint64_t flags)
{
    return map_update(map, cpu_current()->visible.cpu_number, key, value, flags);
}

int64_t host_bpf_map_delete_elem(struct map *map, const void *key)
{
    return map_remove(map, key);
}

int64_t host_bpf_map_push_elem(struct map *map, const void *value, uint64_t flags)
{
    return map_push(map, value, flags);
}

int64_t host_bpf_map_pop_elem(struct map *map, void *value)
{
    return map_pop(map, value);
}

int64_t host_bpf_map_peek_elem(struct map *map, void *value)
{
    return map_peek(map, value);
}

void *host_rex_ringbuf_reserve(struct map *map, uint64_t size, uint64_t flags)
{
    struct cpu *cpu = cpu_current();
    void *record = NULL;

    if (!cleanup_has_room(&cpu->cleanup))
        return NULL;
    record = ringbuf_reserve(map, size, flags);
    if (record)
        cleanup_add(&cpu->cleanup, REX_CLEANUP_RINGBUF, record);
    return record;
}

/* Only a record that this run reserved and has not given back: -EINVAL otherwise. The flags are
 * about waking a reader, of which there is none. */
static int64_t give_back(void *record, bool discard)
{
    struct cpu *cpu = cpu_current();

    if (!cleanup_remove(&cpu->cleanup, REX_CLEANUP_RINGBUF, record))
        return -EINVAL;
    ringbuf_commit(runtime_ringbuf_of(cpu->runtime, record), record, discard);
    return 0;
}

int64_t host_rex_ringbuf_submit(void *record, uint64_t flags)
{
    (void)flags;
    return give_back(record, false);
}

int64_t host_rex_ringbuf_discard(void *record, uint64_t flags)
{
    (void)flags;
    return give_back(record, true);
}

int64_t host_bpf_ringbuf_output(struct map *map, const void *data, uint64_t size, uint64_t flags)
{
    return ringbuf_output(map, data, size, flags);
}

uint64_t host_bpf_ringbuf_query(struct map *map, uint64_t flags)
{
    return ringbuf_query(map, flags);
}
