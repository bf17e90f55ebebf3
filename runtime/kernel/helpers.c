// SPDX-License-Identifier: GPL-2.0-only
/*
 * Imports that the module implements. Each runs with preemption off, on the program's stack. The watchdog lets each
 * finish (rex_abi.h, "Termination").
 */
#include <linux/bpf.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/skbuff.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "runtime/kernel/cleanup.h"
#include "runtime/kernel/helpers.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/symbols.h"

/* Whether the run may call what is for programs of these types: an object may have several. */
static bool is_type(const struct rex_cpu_state *state, u32 types)
{
	return types & (1u << rex_running_program(state)->type);
}

/* As bpf_trace_printk() shows it. Always 0. */
s64 rex_trace_printk(const u8 *text, u64 length)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	char *line = state->memory->text[state->depth];

	length = min_t(u64, length, REX_LOG_MAX);
	if (length > 0 && text[length - 1] == '\n')
		length--;
	memcpy(line, text, length);
	line[length] = '\0';
	rex_kernel___traceiter_bpf_trace_printk(NULL, line);
	return 0;
}

/*
 * -EDEADLK when this run holds a lock already, this or another (the kernel's verifier allows one at a
 * time, too), or when another CPU has not given it up by the end of the run's time; -ENOSPC when the run
 * holds as much as it may.
 */
s64 rex_spin_lock(u32 *lock)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	u64 end;

	if (rex_cleanup_holds(state, REX_CLEANUP_SPIN_LOCK))
		return -EDEADLK;
	if (!rex_cleanup_has_room(state))
		return -ENOSPC;
	if (cmpxchg_acquire(lock, 0, 1) == 0)
		goto taken;
	if (state->has_panic_frame || rex_cleanup_held_outside(state, lock))
		return -EDEADLK;
	/* With interrupts off and no other CPU to send an NMI nobody but this loop looks at the time. */
	end = ktime_get_mono_fast_ns() + rex_running_program(state)->object->timeout_ms * (u64)NSEC_PER_MSEC;
	while (cmpxchg_acquire(lock, 0, 1) != 0) {
		if (READ_ONCE(state->running) & REX_RUN_EXPIRED || ktime_get_mono_fast_ns() > end)
			return -EDEADLK;
		cpu_relax();
	}
taken:
	rex_cleanup_add(state, REX_CLEANUP_SPIN_LOCK, lock);
	return 0;
}

s64 rex_spin_unlock(u32 *lock)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);

	if (!rex_cleanup_remove(state, REX_CLEANUP_SPIN_LOCK, lock))
		return -EINVAL;
	rex_lock_release(lock);
	return 0;
}

void *rex_ringbuf_reserve(void *map, u64 size, u64 flags)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	void *record;

	if (!rex_cleanup_has_room(state))
		return NULL;
	record = (void *)rex_kernel_bpf_ringbuf_reserve((u64)map, size, flags, 0, 0);
	if (record)
		rex_cleanup_add(state, REX_CLEANUP_RINGBUF, record);
	return record;
}

/* Only a record that this run reserved and has not given back. */
s64 rex_ringbuf_submit(void *record, u64 flags)
{
	if (!rex_cleanup_remove(this_cpu_ptr(&rex_cpu_state), REX_CLEANUP_RINGBUF, record))
		return -EINVAL;
	rex_kernel_bpf_ringbuf_submit((u64)record, flags, 0, 0, 0);
	return 0;
}

s64 rex_ringbuf_discard(void *record, u64 flags)
{
	if (!rex_cleanup_remove(this_cpu_ptr(&rex_cpu_state), REX_CLEANUP_RINGBUF, record))
		return -EINVAL;
	rex_kernel_bpf_ringbuf_discard((u64)record, flags, 0, 0, 0);
	return 0;
}

/* By its number in the first namespace. Programs run inside RCU read sides (preemption is off). */
struct task_struct *rex_task_from_pid(s64 pid)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	struct task_struct *task;

	if (!is_type(state, REX_TYPE_TRACING) || pid <= 0 || pid > INT_MAX ||
	    !rex_cleanup_has_room(state) || !rex_task_reserve())
		return NULL;
	task = rex_kernel_find_task_by_pid_ns(pid, &init_pid_ns);
	if (!task || !refcount_inc_not_zero(&task->rcu_users)) {
		rex_task_unreserve();
		return NULL;
	}
	rex_cleanup_add(state, REX_CLEANUP_TASK, task);
	return task;
}

/* Only a task that this run took and has not given back. */
s64 rex_task_release(struct task_struct *task)
{
	if (!rex_cleanup_remove(this_cpu_ptr(&rex_cpu_state), REX_CLEANUP_TASK, task))
		return -EINVAL;
	rex_task_put(task);
	return 0;
}

/* -EINVAL for a kernel thread, which has no registers of user space, and for a task that is gone. */
s64 rex_task_pt_regs(struct task_struct *task, struct pt_regs *registers)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);

	if (!is_type(state, REX_TYPE_TRACING) || READ_ONCE(task->flags) & PF_KTHREAD)
		return -EINVAL;
	if (task == current) {
		*registers = *task_pt_regs(task);
		return 0;
	}
	/* The last reference to a stack cannot be dropped in an NMI. */
	if (in_nmi() || !try_get_task_stack(task))
		return -EINVAL;
	*registers = *task_pt_regs(task);
	rex_kernel_put_task_stack(task);
	return 0;
}

/* Only functions that are marked for it may be overridden, by kernels built for that; Debian's are not. */
s64 rex_override_return(struct pt_regs *registers, u64 value)
{
	return -EOPNOTSUPP;
}

/* It may run programs that want the lock, or allocate (rex_abi.h). */
static bool may_reenter(const struct rex_cpu_state *state)
{
	return !rex_cleanup_holds(state, REX_CLEANUP_SPIN_LOCK);
}

s64 rex_skb_writable(struct sk_buff *skb, u64 length)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);

	if (!is_type(state, REX_TYPE_TC))
		return -EINVAL;
	if (!may_reenter(state))
		return -EBUSY;
	return length > INT_MAX ? -ENOMEM : skb_ensure_writable(skb, length);
}

s64 rex_clone_redirect(struct sk_buff *skb, u64 ifindex, u64 flags)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);

	if (!is_type(state, REX_TYPE_TC))
		return -EINVAL;
	if (!may_reenter(state))
		return -EBUSY;
	return rex_kernel_bpf_clone_redirect((u64)skb, ifindex, flags, 0, 0);
}

s64 rex_xdp_adjust_tail(void *xdp, s64 delta)
{
	if (!is_type(this_cpu_ptr(&rex_cpu_state), REX_TYPE_XDP))
		return -EINVAL;
	return rex_kernel_bpf_xdp_adjust_tail((u64)xdp, delta, 0, 0, 0);
}

s64 rex_perf_event_output_tp(void *ctx, void *map, u64 flags, const void *data, u64 size)
{
	if (!is_type(this_cpu_ptr(&rex_cpu_state), REX_TYPE_TRACEPOINT))
		return -EINVAL;
	return rex_kernel_bpf_perf_event_output_tp((u64)ctx, (u64)map, flags, (u64)data, size);
}

s64 rex_perf_prog_read_value(void *ctx, struct bpf_perf_event_value *value, u64 size)
{
	if (!is_type(this_cpu_ptr(&rex_cpu_state), REX_TYPE_PERF_EVENT))
		return -EINVAL;
	return rex_kernel_bpf_perf_prog_read_value((u64)ctx, (u64)value, size, 0, 0);
}

s64 rex_get_stackid_pe(void *ctx, void *map, u64 flags)
{
	if (!is_type(this_cpu_ptr(&rex_cpu_state), REX_TYPE_PERF_EVENT))
		return -EINVAL;
	return rex_kernel_bpf_get_stackid_pe((u64)ctx, (u64)map, flags, 0, 0);
}
