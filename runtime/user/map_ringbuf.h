/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BPF_MAP_TYPE_RINGBUF (kernel/bpf/ringbuf.c). Nobody reads it while programs run: a buffer fills
 * up and stays full, as in a kernel whose reader has stopped. The records are shown at the end.
 */
#ifndef REXC_RUNTIME_USER_MAP_RINGBUF_H
#define REXC_RUNTIME_USER_MAP_RINGBUF_H

#include <stdbool.h>
#include <stdint.h>

struct map;

/* bpf_ringbuf_reserve(): the record's data, 8-byte aligned, or NULL (a map of another kind, flags
 * that are not 0, a record that never fits, no room). */
void *ringbuf_reserve(struct map *map, uint64_t size, uint64_t flags);
/* bpf_ringbuf_submit() and bpf_ringbuf_discard() of a record that is busy. */
void ringbuf_commit(struct map *map, void *record, bool discard);
/* bpf_ringbuf_output(): 0, -EINVAL (kind, flags), -EAGAIN (no room). */
int64_t ringbuf_output(struct map *map, const void *data, uint64_t size, uint64_t flags);
/* bpf_ringbuf_query(): BPF_RB_*; 0 for another flag or another kind of map. */
uint64_t ringbuf_query(struct map *map, uint64_t flags);
/* Whether the map is a ring buffer and the address lies in its data. */
bool ringbuf_contains(const struct map *map, const void *record);

#endif
