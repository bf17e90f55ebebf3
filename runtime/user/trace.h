/* SPDX-License-Identifier: Apache-2.0 */
/* Stack traces of program text: frames by frame pointers, names by the object's symbols and debug
 * information. */
#ifndef REXC_RUNTIME_USER_TRACE_H
#define REXC_RUNTIME_USER_TRACE_H

#include "base/memory.h"
#include "runtime/user/cpu.h"

struct trace {
    uint64_t addresses[CPU_TRACE_MAX]; /* image addresses: [0] where it stopped, then where calls
                                          return */
    unsigned repeats[CPU_TRACE_MAX];   /* how often the same address followed: recursion */
    unsigned count;
    bool cut;   /* there are more frames */
    bool exact; /* [0] is the instruction itself, not the one after a call */
};

/* Of the program that called the import being served. */
void trace_from_import(const struct cpu *cpu, struct trace *trace);
/* Of program text that was stopped at an instruction, with that frame pointer. */
void trace_from_frame(const struct cpu *cpu, struct trace *trace, uint64_t instruction,
                      uint64_t frame);

/* Lines "#0 name at file:line", inlined calls on lines of their own. Only with the lock of the
 * runtime's reports held. */
void trace_describe(const struct cpu *cpu, const struct trace *trace, struct strings *lines);

#endif
