/* SPDX-License-Identifier: Apache-2.0 */
/* The context of a kprobe, tracepoint or perf_event program: the program's own copy of an event. */
#ifndef REXC_RUNTIME_USER_TRACED_H
#define REXC_RUNTIME_USER_TRACED_H

#include "runtime/abi/rex_imports.h"
#include "runtime/user/context.h"

struct traced {
    const struct context_event *event;
    struct pt_regs registers;
    struct perf_sample_data sample;
    struct bpf_perf_event_data_kern perf;
    uint64_t record[CONTEXT_RECORD_MAX / 8];
};

/* Copies the event; the result is what a program of that type gets. */
void *traced_prepare(struct traced *traced, enum rex_program_type type,
                     const struct context_event *event);

#endif
