/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions behind the imports. Each runs on the thread's own stack, is never interrupted by a
 * termination, and answers as the kernel's function of that name: negative errno or NULL on
 * failure. Integer parameters that the kernel takes as 32 bits are 64-bit registers, as for
 * BPF_CALL.
 */
#ifndef REXC_RUNTIME_USER_HOST_H
#define REXC_RUNTIME_USER_HOST_H

#include <linux/bpf.h>
#include <stdint.h>

struct bpf_perf_event_data_kern;
struct map;
struct pt_regs;
struct sk_buff;
struct task_struct;
struct xdp_buff;

/* host_exit.c: the ways out of a run. Their stubs go to the landing pad when these return. */
void host_rex_panic(const void *panic_info);
void host_rex_timeout(void);
void host_rex_abort(void);
void host_rex_stack_overflow(void);

/* host_map.c */
void *host_bpf_map_lookup_elem(struct map *map, const void *key);
void *host_rex_hash_lookup(struct map *map, const void *key);
int64_t host_bpf_map_update_elem(struct map *map, const void *key, const void *value,
                                 uint64_t flags);
int64_t host_bpf_map_delete_elem(struct map *map, const void *key);
int64_t host_bpf_map_push_elem(struct map *map, const void *value, uint64_t flags);
int64_t host_bpf_map_pop_elem(struct map *map, void *value);
int64_t host_bpf_map_peek_elem(struct map *map, void *value);
void *host_rex_ringbuf_reserve(struct map *map, uint64_t size, uint64_t flags);
int64_t host_rex_ringbuf_submit(void *record, uint64_t flags);
int64_t host_rex_ringbuf_discard(void *record, uint64_t flags);
int64_t host_bpf_ringbuf_output(struct map *map, const void *data, uint64_t size, uint64_t flags);
uint64_t host_bpf_ringbuf_query(struct map *map, uint64_t flags);

/* host_base.c */
int64_t host_rex_spin_lock(struct bpf_spin_lock *lock);
int64_t host_rex_spin_unlock(struct bpf_spin_lock *lock);
int64_t host_rex_trace_printk(const char *text, uint64_t length);
uint64_t host_bpf_ktime_get_ns(void);
uint64_t host_bpf_ktime_get_boot_ns(void);
uint64_t host_bpf_ktime_get_coarse_ns(void);
uint64_t host_bpf_jiffies64(void);
uint64_t host_bpf_get_prandom_u32(void);
int64_t host_bpf_snprintf(char *text, uint64_t size, const char *format, const uint64_t *data,
                          uint64_t data_size);

/* host_tracing.c */
struct task_struct *host_rex_task_from_pid(int64_t pid);
int64_t host_rex_task_release(struct task_struct *task);
int64_t host_rex_task_pt_regs(const struct task_struct *task, struct pt_regs *registers);
int64_t host_rex_override_return(struct pt_regs *registers, uint64_t value);
uint64_t host_bpf_get_current_task(void);
int64_t host_bpf_probe_read_kernel(void *destination, uint64_t size, const void *source);
int64_t host_bpf_perf_event_output_tp(void *ctx, struct map *map, uint64_t flags, const void *data,
                                      uint64_t size);
int64_t host_bpf_perf_prog_read_value(struct bpf_perf_event_data_kern *ctx,
                                      struct bpf_perf_event_value *value, uint64_t size);
int64_t host_bpf_get_stackid_pe(struct bpf_perf_event_data_kern *ctx, struct map *map,
                                uint64_t flags);

/* host_network.c */
int64_t host_bpf_xdp_adjust_tail(struct xdp_buff *xdp, int64_t delta);
int64_t host_bpf_clone_redirect(struct sk_buff *skb, uint64_t ifindex, uint64_t flags);
int64_t host_rex_skb_writable(struct sk_buff *skb, uint64_t length);

#endif
