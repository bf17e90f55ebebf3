/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps with the kernel's semantics: the errors, flags and full and missing cases are those of the
 * kernel's map of that kind (kernel/bpf/{arraymap,hashtab,queue_stack_maps,ringbuf,stackmap}.c, as
 * of Linux 6.1), as a program's helper calls see them. Each kind is one file with one table of
 * operations.
 */
#ifndef REXC_RUNTIME_USER_MAP_H
#define REXC_RUNTIME_USER_MAP_H

#include "runtime/abi/rex_abi.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct map;

/* One element, for dumps. key is NULL for kinds without keys; value has value_size bytes (for kinds
 * whose elements differ in size, the element's own); note is NULL or a remark such as "busy". */
typedef void map_visitor(void *data, const void *key, const void *value, size_t value_size,
                         const char *note);

/* What a kind of map does. A missing operation is EOPNOTSUPP, as for the kernel. Every operation
 * but check, create and destroy is called with the map's lock held. */
struct map_operations {
    const char *name; /* as bpftool prints the kind */
    /* Whether the definition is one that the kernel accepts: 0 or -errno. */
    int (*check)(const struct rex_map_definition *definition);
    /* Makes map->state. 0 or -errno. */
    int (*create)(struct map *map);
    void (*destroy)(struct map *map);
    void *(*lookup)(struct map *map, unsigned cpu, const void *key);
    int64_t (*update)(struct map *map, unsigned cpu, const void *key, const void *value,
                      uint64_t flags);
    int64_t (*remove)(struct map *map, const void *key);
    int64_t (*push)(struct map *map, const void *value, uint64_t flags);
    int64_t (*pop)(struct map *map, void *value);
    int64_t (*peek)(struct map *map, void *value);
    int (*each)(struct map *map, map_visitor *visit, void *data);
    void *(*values)(struct map *map); /* arrays only: their elements, in a row */
};

struct map {
    const struct map_operations *operations;
    struct rex_map_definition definition; /* `map` and `values` are 0 */
    char *name;
    unsigned cpus;        /* how many CPUs there are: copies of per-CPU values */
    pthread_mutex_t lock; /* never held by a run that is abandoned: imports are not interrupted */
    void *state;
};

/* The kernel's limits for x86-64. */
#define MAP_KMALLOC_MAX (4u << 20)      /* KMALLOC_MAX_SIZE, bytes */
#define MAP_PERCPU_UNIT_MIN (32u << 10) /* PCPU_MIN_UNIT_SIZE, bytes */
#define MAP_ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)

/* value_size as the kernel lays values out: rounded up to 8 bytes. */
size_t map_value_stride(const struct rex_map_definition *definition);
/* -EINVAL when a definition's access flags contradict each other (bpf_map_flags_access_ok). */
int map_check_access(const struct rex_map_definition *definition);

/* Creates a map as bpf(BPF_MAP_CREATE) would. Returns 0, or -errno: EINVAL for a kind that the
 * runtime does not know, and whatever the kernel returns for a definition it refuses. */
int map_create(const char *name, const struct rex_map_definition *definition, unsigned cpus,
               struct map **map);
void map_destroy(struct map *map);

/* What a definition's `values` is to hold; NULL for what is no array. */
void *map_values(struct map *map);

/* As a program's helpers: NULL, or negative errno. */
void *map_lookup(struct map *map, unsigned cpu, const void *key);
int64_t map_update(struct map *map, unsigned cpu, const void *key, const void *value,
                   uint64_t flags);
int64_t map_remove(struct map *map, const void *key);
int64_t map_push(struct map *map, const void *value, uint64_t flags);
int64_t map_pop(struct map *map, void *value);
int64_t map_peek(struct map *map, void *value);
/* Visits the elements in an order that depends on the map's history only, those of a hash map by
 * key. Returns 0 or -ENOMEM. */
int map_each(struct map *map, map_visitor *visit, void *data);

extern const struct map_operations map_hash_operations;
extern const struct map_operations map_array_operations;
extern const struct map_operations map_percpu_array_operations;
extern const struct map_operations map_queue_operations;
extern const struct map_operations map_stack_operations;
extern const struct map_operations map_ringbuf_operations;
extern const struct map_operations map_stack_trace_operations;
extern const struct map_operations map_perf_event_array_operations;

#endif
