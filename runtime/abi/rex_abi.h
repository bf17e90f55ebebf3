/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The contract between a loadable object and the runtime that runs it. Both runtimes (user space
 * and kernel), the crate (through generated Rust constants) and the verifier include this file; it
 * includes nothing and uses only types of fixed width, so that it compiles everywhere.
 *
 * Calling a program: `uint32_t entry(void *ctx)`, System V x86-64 calling convention, on a stack of
 * the runtime's own with at least REX_STACK_PROGRAM + REX_STACK_RESERVE bytes below rsp, direction
 * flag clear, GS base such that `gs:[rex_cpu]` is this CPU's struct rex_cpu. The context is the
 * kernel's. xdp: struct xdp_buff *; tc: struct sk_buff *; kprobe: struct pt_regs *; tracepoint: a
 * pointer to the event's record (first 8 bytes: the common fields); perf_event: struct
 * bpf_perf_event_data_kern *.
 *
 * Fields of kernel structures are reached through rex_off.STRUCT.FIELD imports (see imports.def),
 * so a runtime may lay the structures out as it likes. struct pt_regs is fixed by the architecture.
 */
#ifndef REX_ABI_H
#define REX_ABI_H

#define REX_ABI_VERSION 1

/* Bytes of address space an object's loaded image may span (upstream's loader takes 128 KiB). */
#define REX_IMAGE_MAX (1u << 20)
#define REX_PAGE_SIZE 4096u

/* One stack per CPU and context level: the program's part, and below it the reserve that covers
 * what imports, interrupt handlers and fault handlers use. Bytes. */
#define REX_STACK_PROGRAM 16384u
#define REX_STACK_RESERVE 16384u
#define REX_STACK_SIZE (REX_STACK_PROGRAM + REX_STACK_RESERVE)
/* The panic body runs on a stack of its own: this much for it, and REX_STACK_RESERVE below. */
#define REX_PANIC_STACK 8192u

/* Longest text, in bytes, of one print or one panic message. */
#define REX_LOG_MAX 1024u

/* Time of one run when nobody says otherwise, in milliseconds. */
#define REX_TIMEOUT_DEFAULT_MS 100u

/*
 * Termination. When a run has used its time, its watchdog looks where it was interrupted. In the
 * object's own text it rewrites the saved instruction pointer to __rex_handle_timeout, which may
 * happen at any instruction: what a run holds is known to the runtime, not to the text (below). Out
 * of it, in an import, nothing is interrupted, be it called by the program or by a message's
 * Display: the runtime marks the run as expired, and ends it where it next enters or leaves an
 * import, or when it looks again soon after and finds it in its text. So a program does nothing for
 * this, and nothing that it does can prevent it. While a panic or a timeout is being handled a
 * further expiry goes straight to the landing pad.
 */

/*
 * What the runtime has to give back when a run ends by a panic: a kind and an argument, never a
 * code pointer. The runtime's own imports (rex_spin_lock, rex_ringbuf_reserve, rex_task_from_pid)
 * make and clear the entries, in the same step as they take and give back the resource, so there is
 * no moment at which a resource is held and not registered. A program never touches the array.
 *
 * A panic releases the locks first, then has __rex_panic_body format the message, and releases
 * everything else, and whatever the message's Display took, when the body has ended, however it
 * ended: Display is the program's code, and may look at a record or a task that the run holds.
 * Giving back what has no entry fails with -EINVAL and touches nothing.
 *
 * A lock word holds what the program or user space put there. It must be taken by a
 * compare-and-exchange of 0 for 1 whose waiting is bounded and ends when the run has expired, and
 * be released by storing 0: never by a queued lock, which would follow a pointer that the word
 * encodes. While a run holds a lock, imports that may re-enter programs or sleep
 * (bpf_clone_redirect, rex_skb_writable) return -EBUSY.
 */
#define REX_CLEANUP_FREE 0
#define REX_CLEANUP_SPIN_LOCK 1 /* argument: struct bpf_spin_lock *; released by unlocking */
#define REX_CLEANUP_RINGBUF 2   /* argument: the record; released by discarding it */
#define REX_CLEANUP_TASK 3      /* argument: struct task_struct *; released by a reference less */
#define REX_CLEANUP_ENTRIES 64

/* Per-CPU state that program text may read, at gs:[rex_cpu + offset]. It writes nothing there. */
#define REX_CPU_STACK_LIMIT 0   /* u64: lowest address a program frame may reach on this run */
#define REX_CPU_NUMBER 8        /* u32: this CPU's number, as smp_processor_id() */
#define REX_CPU_NUMA_NODE 12    /* u32: its NUMA node */
#define REX_CPU_VISIBLE_SIZE 16 /* bytes of it that program text may name */

#ifndef __ASSEMBLER__
struct rex_cpu {
    unsigned long long stack_limit;
    unsigned int cpu_number;
    unsigned int numa_node;
    /* The runtime's own state follows in each runtime's own structure. */
};

/* A map's definition in section .maps: one STT_OBJECT symbol of exactly this size each. The runtime
 * fills `map` with the map's address before the first instruction runs, and for an array `values`
 * with that of its elements, which lie in a row, value_size bytes each and padded to 8; the section
 * is then read-only. */
struct rex_map_definition {
    unsigned int type;       /* BPF_MAP_TYPE_* of linux/bpf.h */
    unsigned int key_size;   /* bytes */
    unsigned int value_size; /* bytes */
    unsigned int max_entries;
    unsigned int flags;        /* BPF_F_* of linux/bpf.h */
    unsigned int reserved;     /* 0 */
    unsigned long long map;    /* 0 in the file */
    unsigned long long values; /* 0 in the file; stays 0 but for BPF_MAP_TYPE_ARRAY */
};
#endif

/* Symbols an object must define (STT_FUNC). */
#define REX_SYMBOL_HANDLE_TIMEOUT                                                                  \
    "__rex_handle_timeout" /* void (*)(void): never returns; entered from any instruction */
#define REX_SYMBOL_PANIC_BODY                                                                      \
    "__rex_panic_body" /* size_t (*)(const void *panic_info, uint8_t *buffer, size_t size) */

/* Return value of a run that ended by a panic, a timeout or a failed stack check, for every type:
 * XDP_ABORTED, TC_ACT_OK, 0. */
#define REX_DEFAULT_VERDICT 0u

#endif
