/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CPU of the user-space runtime: one thread, whose GS base points at its struct cpu, so that the
 * slot of the per-CPU import rex_cpu holds offset 0. Assembly includes this file for the offsets.
 *
 * Who runs where: program text runs on program_stack (the panic body on panic_stack); everything
 * else, imports included, runs on the thread's own stack. stack_call() goes from the thread's stack
 * to one of the others; an import's stub goes back to where the innermost stack_call() left the
 * thread's stack, for as long as the import runs.
 */
#ifndef REXC_RUNTIME_USER_CPU_H
#define REXC_RUNTIME_USER_CPU_H

#include "runtime/abi/rex_abi.h"

/* Offsets in struct cpu, for assembly; cpu.c asserts them. */
#define CPU_SELF 16
#define CPU_HOST_STACK 24
#define CPU_PROGRAM_FRAME 32
#define CPU_ATTENTION 40

#ifndef __ASSEMBLER__

#include "runtime/user/cleanup.h"
#include "runtime/user/packet.h"
#include "runtime/user/stack.h"
#include "runtime/user/traced.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct program;
struct runtime;
struct session;
struct task_struct;

/* How a run, or the panic body within one, ended. */
enum run_end {
    RUN_RETURNED,
    RUN_PANICKED,
    RUN_TIMED_OUT,
    RUN_OVERFLOWED, /* a stack check failed, or a guard page was hit */
    RUN_FAULTED,    /* a hardware fault in program text */
};

/* A hardware fault in program text, as the signal handler left it. */
struct fault {
    int signal;           /* SIGSEGV ... */
    bool guard;           /* the address lies in a stack's guard */
    uint64_t address;     /* si_addr */
    uint64_t instruction; /* rip */
    uint64_t frame;       /* rbp */
    uint64_t stack;       /* rsp */
};

#define CPU_TRACE_MAX 64 /* most frames of a stack trace */

struct cpu {
    struct rex_cpu visible; /* what program text may touch */
    struct cpu *self;
    uint64_t
        host_stack; /* rsp of the thread's own stack where the innermost stack_call() left it */
    uint64_t program_frame; /* rbp of the newest import's stub: [0] the caller's rbp, [8] where it
                               returns */
    volatile uint8_t
        attention; /* the watchdog wants cpu_attention() to be asked when the import returns */

    /* Written between runs or by code that is not interrupted by a landing; read by signal
     * handlers. */
    volatile bool running;        /* between the start and the end of a run */
    volatile bool exiting;        /* a panic, a timeout, an overflow or a fault is being handled */
    volatile uint64_t run_number; /* changes when the watchdog's time starts anew */
    uint64_t watched_run;         /* the watchdog's: the run it saw at its last tick */
    uint64_t ticks;               /* the watchdog's: how often it has seen that run */
    uint64_t tick_limit;          /* ticks that a run may last */
    uint64_t interrupted;         /* rip where the watchdog stopped program text; 0: it did not */
    volatile enum run_end body_end; /* how the panic body ended */
    struct fault fault;

    struct runtime *runtime;
    enum run_end end;
    struct stack program_stack, panic_stack;
    struct cleanup_table cleanup;
    uint8_t *signal_stack; /* sigaltstack; mapped */
    timer_t timer;
    bool has_timer;
    uint64_t random_state;

    /* The event being served. */
    const struct program *program; /* that runs */
    uint64_t event_number;         /* from 1 */
    const struct frame *frame;     /* xdp, tc: as it was captured */
    struct session *session;       /* that the run belongs to */
    struct packet packet;          /* xdp, tc */
    struct traced traced;          /* kprobe, tracepoint, perf_event */
    struct task_struct *task;      /* the current task; NULL for xdp and tc */
    uint64_t clones;               /* packets cloned by bpf_clone_redirect() */
    uint64_t overrides;            /* calls of rex_override_return() */
    uint64_t leaks;                /* runs that returned with something held */
};

/* The CPU of the calling thread; NULL in a thread that is none. Async-signal-safe once cpu_enter()
 * was called in that thread. */
struct cpu *cpu_current(void);

/* Prepares the structure: stacks, numbers. Returns 0 or -errno. */
int cpu_create(struct cpu *cpu, struct runtime *runtime, unsigned number);
void cpu_destroy(struct cpu *cpu);

/* Makes the calling thread that CPU (GS base, signal stack, watchdog timer) and undoes it.
 * cpu_enter() returns 0 or -errno. */
int cpu_enter(struct cpu *cpu);
void cpu_leave(struct cpu *cpu);

/* Runs a program's entry (its address in memory) with a context. Never fails: cpu->end says how it
 * ended, and the result is REX_DEFAULT_VERDICT unless it returned. */
uint32_t cpu_run(struct cpu *cpu, uint64_t entry, void *context);

/* Assembly (stack_call.S). Calls function(first, second, third) on the stack that ends at top,
 * which is 16-byte aligned, and returns its result, or 0 when it was abandoned. */
uint64_t stack_call(uint64_t top, uint64_t function, uint64_t first, uint64_t second,
                    uint64_t third);
/* Where to send program text that is not to go on: the innermost stack_call() returns 0. Not C
 * functions; only their addresses are used. */
extern const char stack_abandon[];
extern const char stack_fault[]; /* calls cpu_fault() on the thread's stack first */

/* Called by assembly, on the thread's stack. */
uint64_t cpu_attention(void); /* where to go when the import is done */
void cpu_fault(void);

#endif
#endif
