/* SPDX-License-Identifier: Apache-2.0 */
/* The context file of kprobe, tracepoint and perf_event programs (docs/run.md): JSON. */
#ifndef REXC_RUNTIME_USER_CONTEXT_H
#define REXC_RUNTIME_USER_CONTEXT_H

#include "runtime/user/context_memory.h"
#include "runtime/user/structures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

#define CONTEXT_RECORD_MAX 8192u /* bytes of a tracepoint's record; PERF_MAX_TRACE_SIZE */
#define CONTEXT_STACK_MAX 127u   /* addresses of a stack; PERF_MAX_STACK_DEPTH */

struct context_stack {
    uint64_t *addresses; /* innermost first */
    size_t count;
};

/* Members that an event has, as far as they are not for every program type. */
enum {
    CONTEXT_REGISTERS = 1 << 0,
    CONTEXT_RECORD = 1 << 1,     /* record */
    CONTEXT_FIELDS = 1 << 2,     /* fields */
    CONTEXT_COMMON_PID = 1 << 3, /* common_pid */
    CONTEXT_SAMPLE = 1 << 4,     /* period, addr, counter, enabled, running, stack, user_stack */
};

/* One event that a program is run for. What the file does not give is zero. */
struct context_event {
    unsigned members;         /* CONTEXT_* */
    struct pt_regs registers; /* kprobe, perf_event */
    uint8_t *record; /* tracepoint: common fields and the event's, CONTEXT_RECORD_MAX bytes */
    struct perf_sample_data sample;                /* perf_event */
    uint64_t counter, enabled, running;            /* perf_event: bpf_perf_prog_read_value() */
    struct context_stack kernel_stack, user_stack; /* perf_event: bpf_get_stackid_pe() */
    size_t task;         /* index of the current task in the file's tasks */
    uint64_t repeat;     /* how often the event happens, at least 1 */
    const char *program; /* which program it is for, or where that attaches; NULL: each that runs */
    uint64_t targets;    /* by selection_bind(): a bit for each program that runs */
};

struct context_file {
    char *name; /* for messages */
    struct context_event *events;
    size_t event_count;
    struct task_struct *tasks; /* [0] is the process itself */
    size_t task_count;
    struct context_memory *memory;
    size_t memory_count;
    char **texts; /* strings that fields of records point to */
    size_t text_count;
};

/* Parses a context file. Syntax errors are reported with line and column, others with the path of
 * the value
 * ("events[2].registers.rdi"). Returns 0; -1 with a diagnostic and *context NULL. */
int context_parse(struct diag *diag, const char *name, const char *text, size_t size,
                  struct context_file **context);
int context_read(struct diag *diag, const char *path, struct context_file **context);
/* One event in which everything is zero. NULL with a diagnostic. */
struct context_file *context_default(struct diag *diag);
void context_free(struct context_file *context);

#endif
