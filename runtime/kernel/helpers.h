/* SPDX-License-Identifier: GPL-2.0-only */
/* The imports that the module implements. Called by program text, on the program's stack. */
#ifndef REX_KERNEL_HELPERS_H
#define REX_KERNEL_HELPERS_H

#include <linux/types.h>

struct bpf_perf_event_value;
struct pt_regs;
struct sk_buff;
struct task_struct;

/* panic.c: the ways out of a run. */
void __noreturn rex_panic(const void *panic_info);
void __noreturn rex_timeout(void);
void __noreturn rex_abort(void);
void __noreturn rex_stack_overflow(void);

/* helpers.c */
s64 rex_trace_printk(const u8 *text, u64 length);
s64 rex_spin_lock(u32 *lock);
s64 rex_spin_unlock(u32 *lock);
void *rex_ringbuf_reserve(void *map, u64 size, u64 flags);
s64 rex_ringbuf_submit(void *record, u64 flags);
s64 rex_ringbuf_discard(void *record, u64 flags);
struct task_struct *rex_task_from_pid(s64 pid);
s64 rex_task_release(struct task_struct *task);
s64 rex_task_pt_regs(struct task_struct *task, struct pt_regs *registers);
s64 rex_override_return(struct pt_regs *registers, u64 value);
s64 rex_skb_writable(struct sk_buff *skb, u64 length);
s64 rex_clone_redirect(struct sk_buff *skb, u64 ifindex, u64 flags);
s64 rex_xdp_adjust_tail(void *xdp, s64 delta);
s64 rex_perf_event_output_tp(void *ctx, void *map, u64 flags, const void *data, u64 size);
s64 rex_perf_prog_read_value(void *ctx, struct bpf_perf_event_value *value, u64 size);
s64 rex_get_stackid_pe(void *ctx, void *map, u64 flags);

#endif
