/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run holds and must give back: the entries of rex_abi.h. The imports that take a resource
 * make the entry in the same step, so there is no moment at which one is held without an entry.
 */
#ifndef REXC_RUNTIME_USER_CLEANUP_H
#define REXC_RUNTIME_USER_CLEANUP_H

#include "runtime/abi/rex_abi.h"

#include <stdbool.h>
#include <stdint.h>

struct runtime;

struct cleanup_entry {
    uint32_t kind; /* REX_CLEANUP_* */
    void *argument;
};

struct cleanup_table {
    struct cleanup_entry entries[REX_CLEANUP_ENTRIES];
    unsigned used; /* entries that are not REX_CLEANUP_FREE */
};

/* False when the table is full: the resource must then not be taken. */
bool cleanup_has_room(const struct cleanup_table *table);
/* Only when there is room. */
void cleanup_add(struct cleanup_table *table, uint32_t kind, void *argument);
bool cleanup_holds_kind(const struct cleanup_table *table, uint32_t kind);
/* False when there is no such entry. */
bool cleanup_remove(struct cleanup_table *table, uint32_t kind, const void *argument);
/* Gives locks back, newest first, and nothing else: what a panic message may still look at stays.
 */
void cleanup_release_locks(struct cleanup_table *table);
/* Gives everything back, newest first. Returns how much there was. */
unsigned cleanup_release(struct cleanup_table *table, struct runtime *runtime);

#endif
