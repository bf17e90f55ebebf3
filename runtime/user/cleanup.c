/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/cleanup.h"

#include "runtime/user/map_ringbuf.h"
#include "runtime/user/runtime.h"
#include "runtime/user/spin_lock.h"
#include "runtime/user/task.h"

bool cleanup_has_room(const struct cleanup_table *table)
{
    return table->used < REX_CLEANUP_ENTRIES;
}

void cleanup_add(struct cleanup_table *table, uint32_t kind, void *argument)
{
    table->entries[table->used++] = (struct cleanup_entry){.kind = kind, .argument = argument};
}

static unsigned find(const struct cleanup_table *table, uint32_t kind, const void *argument)
{
    unsigned i = table->used;

    while (i > 0 &&
           (table->entries[i - 1].kind != kind || table->entries[i - 1].argument != argument))
        i--;
    return i; /* index + 1; 0: not there */
}

bool cleanup_holds_kind(const struct cleanup_table *table, uint32_t kind)
{
    for (unsigned i = 0; i < table->used; i++) {
        if (table->entries[i].kind == kind)
            return true;
    }
    return false;
}

bool cleanup_remove(struct cleanup_table *table, uint32_t kind, const void *argument)
{
    unsigned found = find(table, kind, argument);

    if (found == 0)
        return false;
    /* The entries stay in the order in which they were taken. */
    for (unsigned i = found; i < table->used; i++)
        table->entries[i - 1] = table->entries[i];
    table->entries[--table->used] = (struct cleanup_entry){.kind = REX_CLEANUP_FREE};
    return true;
}

static void release_one(const struct cleanup_entry *entry, struct runtime *runtime)
{
    switch (entry->kind) {
    case REX_CLEANUP_SPIN_LOCK:
        spin_lock_release(entry->argument);
        break;
    case REX_CLEANUP_RINGBUF:
        ringbuf_commit(runtime_ringbuf_of(runtime, entry->argument), entry->argument, true);
        break;
    case REX_CLEANUP_TASK:
        task_release(entry->argument);
        break;
    default:
        break;
    }
}

void cleanup_release_locks(struct cleanup_table *table)
{
    for (unsigned i = table->used; i > 0; i--) {
        void *argument = table->entries[i - 1].argument;
        if (table->entries[i - 1].kind != REX_CLEANUP_SPIN_LOCK)
            continue;
        cleanup_remove(table, REX_CLEANUP_SPIN_LOCK, argument);
        spin_lock_release(argument);
    }
}

unsigned cleanup_release(struct cleanup_table *table, struct runtime *runtime)
{
    unsigned released = table->used;

    while (table->used > 0) {
        struct cleanup_entry entry = table->entries[--table->used];
        table->entries[table->used] = (struct cleanup_entry){.kind = REX_CLEANUP_FREE};
        release_one(&entry, runtime);
    }
    return released;
}
