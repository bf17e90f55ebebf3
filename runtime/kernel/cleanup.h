/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a run holds and must give back: the entries of rex_abi.h. The imports that take a resource make
 * the entry in the same step, so there is no moment at which one is held without an entry: a run is
 * stopped in program text only.
 */
#ifndef REX_KERNEL_CLEANUP_H
#define REX_KERNEL_CLEANUP_H

#include <linux/types.h>

#include "runtime/kernel/state.h"

bool rex_cleanup_has_room(const struct rex_cpu_state *state);
/* Only when there is room. */
void rex_cleanup_add(struct rex_cpu_state *state, u32 kind, void *argument);
bool rex_cleanup_holds(const struct rex_cpu_state *state, u32 kind);
/* Whether a run that this one has interrupted holds the lock: it will not give it up before this one ends. */
bool rex_cleanup_held_outside(const struct rex_cpu_state *state, const u32 *lock);
/* False when there is no such entry. */
bool rex_cleanup_remove(struct rex_cpu_state *state, u32 kind, const void *argument);
/* Gives locks back, newest first, and nothing else: what a panic message may still look at stays. */
void rex_cleanup_release_locks(struct rex_cpu_state *state);
/* Gives everything back, newest first. */
void rex_cleanup_release(struct rex_cpu_state *state);

void rex_lock_release(u32 *lock);

/*
 * One reference to a task less. In an NMI, where the last one cannot be dropped, it is done soon
 * after; a place for that is set aside when the task is taken.
 */
bool rex_task_reserve(void);
void rex_task_unreserve(void);
void rex_task_put(struct task_struct *task);
int rex_tasks_init(void);
void rex_tasks_exit(void);

#endif
