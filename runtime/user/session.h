/* SPDX-License-Identifier: Apache-2.0 */
/* Running programs over their input: packets or events, on each CPU its share, as often as asked.
 */
#ifndef REXC_RUNTIME_USER_SESSION_H
#define REXC_RUNTIME_USER_SESSION_H

#include "runtime/user/capture.h"
#include "runtime/user/context.h"
#include "runtime/user/runtime.h"
#include "runtime/user/selection.h"
#include "runtime/user/statistics.h"

struct session {
    struct runtime *runtime;
    struct selection selection;    /* at least one program */
    const struct capture *capture; /* xdp, tc */
    struct context_file *context;  /* kprobe, tracepoint, perf_event */
    struct capture_writer
        *writer;     /* NULL: no output. Gets what the first round leaves of the packets */
    uint64_t repeat; /* rounds over the whole input, at least 1 */
    struct statistics statistics;  /* out: of all programs */
    struct statistics *by_program; /* out: of each, in the selection's order; session_free() */
};

/* Item i of the input runs on CPU i modulo the number of CPUs; there each of the programs that it
 * is for runs over it, one after the other. Returns 0 whatever the runs came to; -1 with a
 * diagnostic when an event names a program that does not exist or the machine does not let it. */
int session_run(struct session *session);
void session_free(struct session *session);

/* Adds the packet that the CPU serves, as it is now, to the output, if there is one. */
void session_clone(struct cpu *cpu);

#endif
