/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What runs on a CPU. A run is one call of a program. Runs nest: an interrupt, an NMI or a probe may
 * start one within another; each has its own struct rex_cpu_state, and rex_run_aside() keeps the
 * outer one's aside. Only the CPU itself writes it, with preemption off; whatever interrupts it starts and
 * ends its own runs in between and leaves the state as it was. So no step here needs a lock.
 *
 * Assembly includes this file for the offsets; run.c asserts them.
 */
#ifndef REX_KERNEL_STATE_H
#define REX_KERNEL_STATE_H

#include "runtime/abi/rex_abi.h"

#define REX_STATE_LANDING 16
#define REX_STATE_RUNNING 24
#define REX_STATE_STACK_TOP 32
#define REX_STATE_PENDING 40
#define REX_STATE_INNER 43
#define REX_PROGRAM_STATISTICS 0

/* A bit of running: the run has used its time, and ends where it next enters an import. */
#define REX_RUN_EXPIRED 2

/* Stacks of a CPU: a run in task context, one in softirq, hardirq, breakpoint and NMI each. */
#define REX_STACKS 5
/* Bytes; most functions have smaller frames. */
#define REX_STACK_NEAR 1024
/* Runs within each other on one CPU, those that share a stack included. */
#define REX_RUNS 8

#ifndef __ASSEMBLY__
#include <linux/bug.h>
#include <linux/percpu.h>
#include <linux/types.h>

struct rex_program;

/* How a run ended. */
enum rex_end {
	REX_END_RETURNED,
	REX_END_PANICKED,
	REX_END_TIMED_OUT,
	REX_END_OVERFLOWED,
	REX_END_FAULTED,
};

struct rex_cleanup_entry {
	u32 kind; /* REX_CLEANUP_* */
	void *argument;
};

struct rex_stack {
	unsigned long base; /* lowest address; 0: there is none */
	unsigned long top; /* a multiple of 16 */
	unsigned long panic_base;
	unsigned long panic_top;
};

/* The memory behind a CPU's state, allocated when the CPU is first online and kept until the end. */
struct rex_cpu_memory {
	struct rex_stack stacks[REX_STACKS];
	/* Of the runs, by depth. */
	struct rex_cleanup_entry cleanup[REX_RUNS][REX_CLEANUP_ENTRIES];
	/* Text on its way to trace_pipe: print by depth. */
	char text[REX_RUNS][REX_LOG_MAX + 1];
	/* Panic message, by stack. */
	char message[REX_STACKS][REX_LOG_MAX + 1];
};

/*
 * running is what makes a run: it is set first and cleared last, and while it is set nobody starts a
 * run but as a nested one. It is the program, or 0, and in the bits that an address has to spare what the
 * watchdog notes of the run. So these notes are of this run and no other: the store that begins a run begins
 * without them, and the store that ends it takes them away. A CPU without memory has REX_CPU_ABSENT there, so
 * that the way in looks at one word only.
 */
#define REX_RUN_WATCHED 1ul /* watched_since is this run's */
#define REX_RUN_NOTES (REX_RUN_WATCHED | REX_RUN_EXPIRED)
#define REX_CPU_ABSENT 4ul

struct rex_cpu_state {
	struct rex_cpu visible; /* what program text may touch */
	unsigned long landing; /* rsp to go back to when program text is left, however that happens */
	unsigned long running; /* 0: nothing */
	unsigned long stack_top; /* where a first run's stack begins */
	/* These four bytes are 0 when a run ends well and has given back what it took. */
	u16 held; /* entries of cleanup */
	u8 end; /* enum rex_end; no longer RETURNED as soon as an exit begins */
	u8 inner; /* landing belongs to a rex_stack_call() */
	u32 depth; /* 0: the outermost run */
	u32 stack; /* number of the stack in use, the highest of those in use */
	u32 has_panic_frame; /* the panic body runs */
	struct rex_cleanup_entry *cleanup; /* REX_CLEANUP_ENTRIES of this run's */
	enum rex_end body_end; /* how the panic body ended */
	unsigned long interrupted; /* where the watchdog or a fault stopped program text; 0: nowhere */
	unsigned long frame; /* rbp there */
	struct rex_cpu_memory *memory;
	/* The watchdog's. */
	u64 watched_since; /* in nanoseconds of the monotonic clock */
	/* REX_STACK_NEAR above visible.stack_limit: above it no check of so much can fail (stack_checks.c). */
	unsigned long stack_near;
};

static inline void rex_set_stack_limit(struct rex_cpu_state *state, unsigned long limit)
{
	state->visible.stack_limit = limit;
	state->stack_near = limit + REX_STACK_NEAR;
}

static inline struct rex_program *rex_program_of(unsigned long running)
{
	return (struct rex_program *)(running & ~REX_RUN_NOTES);
}

/* Of a run that there is. */
static inline struct rex_program *rex_running_program(const struct rex_cpu_state *state)
{
	return rex_program_of(READ_ONCE(state->running));
}

static inline bool rex_is_running(unsigned long running)
{
	return running != 0 && running != REX_CPU_ABSENT;
}

DECLARE_PER_CPU(struct rex_cpu_state, rex_cpu_state);

/* dispatch.S */

/*
 * Calls function(first, second, third) on the stack that ends at top, a multiple of 16, and returns its
 * result, or 0 when program text was abandoned. The caller has set state->inner, and keeps
 * state->landing aside.
 */
u64 rex_stack_call(unsigned long top, unsigned long function, u64 first, u64 second, u64 third);
/* Abandons program text: the innermost landing goes on. To objtool it is a function that returns. */
void rex_land(void);
static inline void __noreturn rex_abandon(void)
{
	rex_land();
	BUG();
}
/* The start of a program's trampoline, to be copied, and what is to be filled in there. */
extern const u8 rex_trampoline_template[];
extern const u8 rex_trampoline_program[], rex_trampoline_nested[], rex_trampoline_masked[];
extern const u8 rex_trampoline_entry[], rex_trampoline_pending[], rex_trampoline_reschedule[];
extern const u8 rex_trampoline_end[];
/* What stands between an import's thunk and the import. */
extern const u8 rex_gate_template[];
extern const u8 rex_gate_import[], rex_gate_timeout[], rex_gate_end[];
/* Jumped to by trampolines. Not C functions; only their addresses are used. */
extern const u8 rex_enter_aside[], rex_enter_masked[], rex_leave_pending[], rex_leave_reschedule[];

/* run.c */

/* Prepares the CPUs, also those that come later. */
int rex_cpus_init(void);
void rex_cpus_exit(void);
/* A run within another, or one with interrupts off. Preemption is off. */
u32 rex_run_aside(void *context, struct rex_program *program);
/* A run has ended otherwise than well, or left something behind. Returns its verdict. */
u32 rex_settle(u32 verdict);
void rex_reschedule(void);
#endif

#endif
