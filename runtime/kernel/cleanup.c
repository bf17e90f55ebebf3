// SPDX-License-Identifier: GPL-2.0-only
#include <linux/hardirq.h>
#include <linux/irq_work.h>
#include <linux/percpu.h>
#include <linux/sched.h>

#include "runtime/kernel/cleanup.h"
#include "runtime/kernel/symbols.h"

bool rex_cleanup_has_room(const struct rex_cpu_state *state)
{
	return state->held < REX_CLEANUP_ENTRIES;
}

/* The entry is complete before it counts: an interrupt in between may end no run but its own. */
void rex_cleanup_add(struct rex_cpu_state *state, u32 kind, void *argument)
{
	state->cleanup[state->held] = (struct rex_cleanup_entry){.kind = kind, .argument = argument};
	barrier();
	state->held++;
}

bool rex_cleanup_holds(const struct rex_cpu_state *state, u32 kind)
{
	unsigned int i;

	for (i = 0; i < state->held; i++) {
		if (state->cleanup[i].kind == kind)
			return true;
	}
	return false;
}

bool rex_cleanup_remove(struct rex_cpu_state *state, u32 kind, const void *argument)
{
	unsigned int i = state->held;

	while (i > 0 && (state->cleanup[i - 1].kind != kind || state->cleanup[i - 1].argument != argument))
		i--;
	if (i == 0)
		return false;
	/* The entries stay in the order in which they were taken. */
	for (; i < state->held; i++)
		state->cleanup[i - 1] = state->cleanup[i];
	barrier();
	state->held--;
	state->cleanup[state->held].kind = REX_CLEANUP_FREE;
	return true;
}

bool rex_cleanup_held_outside(const struct rex_cpu_state *state, const u32 *lock)
{
	unsigned int depth, i;

	for (depth = 0; depth < state->depth; depth++) {
		for (i = 0; i < REX_CLEANUP_ENTRIES; i++) {
			const struct rex_cleanup_entry *entry = &state->memory->cleanup[depth][i];

			if (entry->kind == REX_CLEANUP_SPIN_LOCK && entry->argument == lock)
				return true;
		}
	}
	return false;
}

static void release_one(const struct rex_cleanup_entry *entry)
{
	switch (entry->kind) {
	case REX_CLEANUP_SPIN_LOCK:
		rex_lock_release(entry->argument);
		break;
	case REX_CLEANUP_RINGBUF:
		rex_kernel_bpf_ringbuf_discard((u64)entry->argument, 0, 0, 0, 0);
		break;
	case REX_CLEANUP_TASK:
		rex_task_put(entry->argument);
		break;
	default:
		break;
	}
}

void rex_cleanup_release_locks(struct rex_cpu_state *state)
{
	unsigned int i;

	for (i = state->held; i > 0; i--) {
		struct rex_cleanup_entry entry = state->cleanup[i - 1];

		if (entry.kind != REX_CLEANUP_SPIN_LOCK)
			continue;
		rex_cleanup_remove(state, entry.kind, entry.argument);
		release_one(&entry);
	}
}

void rex_cleanup_release(struct rex_cpu_state *state)
{
	while (state->held > 0) {
		struct rex_cleanup_entry entry = state->cleanup[state->held - 1];

		state->held--;
		state->cleanup[state->held].kind = REX_CLEANUP_FREE;
		release_one(&entry);
	}
}

/*
 * The lock is held by a 1 in a word that was 0. Only its lowest byte is cleared: to the kernel's own
 * spin locks (bpf(2) with BPF_F_LOCK) that is an unlock, and a waiter's bits stay.
 */
void rex_lock_release(u32 *lock)
{
	smp_store_release((u8 *)lock, 0);
}

/* Tasks to be dropped outside NMI; a CPU's own. */
#define TASKS_MAX 128

struct dropped_tasks {
	struct irq_work work;
	unsigned int reserved; /* by runs in NMI that hold a task */
	unsigned int count;
	struct task_struct *tasks[TASKS_MAX];
};

static void drop_tasks(struct irq_work *work);

static struct dropped_tasks __percpu *dropped;

int rex_tasks_init(void)
{
	int cpu;

	dropped = alloc_percpu(struct dropped_tasks);
	if (!dropped)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		init_irq_work(&per_cpu_ptr(dropped, cpu)->work, drop_tasks);
	return 0;
}

void rex_tasks_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		irq_work_sync(&per_cpu_ptr(dropped, cpu)->work);
	free_percpu(dropped);
}

/*
 * On the CPU itself, in an interrupt: an NMI may add tasks meanwhile, behind those that are there. It sees
 * each count that it needs: taking one away is a single store.
 */
static void drop_tasks(struct irq_work *work)
{
	struct dropped_tasks *mine = container_of(work, struct dropped_tasks, work);

	while (READ_ONCE(mine->count) > 0) {
		unsigned int count = READ_ONCE(mine->count);
		struct task_struct *task = mine->tasks[count - 1];

		/* Taken only if no NMI has added one since. */
		if (cmpxchg_local(&mine->count, count, count - 1) == count)
			rex_kernel_put_task_struct_rcu_user(task);
	}
}

bool rex_task_reserve(void)
{
	struct dropped_tasks *mine = this_cpu_ptr(dropped);

	if (!in_nmi())
		return true;
	if (mine->reserved + mine->count >= TASKS_MAX)
		return false;
	mine->reserved++;
	return true;
}

void rex_task_unreserve(void)
{
	if (in_nmi())
		this_cpu_ptr(dropped)->reserved--;
}

void rex_task_put(struct task_struct *task)
{
	struct dropped_tasks *mine = this_cpu_ptr(dropped);

	if (!in_nmi()) {
		rex_kernel_put_task_struct_rcu_user(task);
		return;
	}
	mine->reserved--;
	mine->tasks[mine->count] = task;
	barrier();
	mine->count++;
	irq_work_queue(&mine->work);
}
