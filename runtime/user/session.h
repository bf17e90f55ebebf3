/* SPDX-License-Identifier: Apache-2.0 */
/* Running a program over its input: packets or events, on each CPU its share, as often as asked. */
#ifndef REXC_RUNTIME_USER_SESSION_H
#define REXC_RUNTIME_USER_SESSION_H

#include "runtime/user/capture.h"
#include "runtime/user/context.h"
#include "runtime/user/runtime.h"
#include "runtime/user/statistics.h"

struct session {
    struct runtime *runtime;
    const struct capture *capture; /* xdp, tc */
    struct context_file *context;  /* kprobe, tracepoint, perf_event */
    struct capture_writer
        *writer;     /* NULL: no output. Gets what the first round leaves of the packets */
    uint64_t repeat; /* rounds over the whole input, at least 1 */
    struct statistics statistics; /* out */
};

/* Item i of the input runs on CPU i modulo the number of CPUs. Returns 0 whatever the runs came to;
 * -1 with a diagnostic when the machine does not let it. */
int session_run(struct session *session);

/* Adds the packet that the CPU serves, as it is now, to the output, if there is one. */
void session_clone(struct cpu *cpu);

#endif
