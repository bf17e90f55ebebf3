/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of a program of which every instruction is looked at: the processor's trap flag is set while
 * object text runs, and a signal handler notes rsp after each instruction. Imports run at full
 * speed. The reports of the runtime are counted in place of being printed (see --wrap in
 * CMakeLists.txt).
 */
#ifndef REXC_TESTS_STACK_MEASURE_STEP_H
#define REXC_TESTS_STACK_MEASURE_STEP_H

#include "runtime/user/runtime.h"

#include <stdbool.h>
#include <stdint.h>

/* What a run used, in bytes below rsp at the entry. */
struct usage {
    uint32_t program;         /* with stepping: the lowest rsp, up to a call into an import */
    uint32_t panic;           /* the same of the panic body, on its stack */
    uint32_t program_painted; /* the lowest byte that was written, by an import's stub as well */
    uint32_t panic_painted;
    uint64_t steps;               /* instructions of object text; 0 without stepping */
    uint64_t checks, check_steps; /* stack checks that were begun, and instructions of theirs */
    uint64_t imports;             /* calls of imports that return; 0 without stepping */
    bool truncated;               /* it had too many: what follows was not looked at */
    bool guard;                   /* a guard page or another fault */
    enum run_end end;
    uint32_t verdict;
};

/* How a run is to differ from those of `rexc run`. */
struct run_options {
    bool step;
    uint32_t limit;       /* bytes below the program's entry for its checks; 0: as always */
    uint32_t panic_limit; /* the same for the panic body */
    uint64_t most_steps;  /* with stepping: the run goes on unseen after so many */
    uint64_t expire_in;   /* with stepping: the import, counted from 1, in which time runs out */
    uint64_t expire_at;   /* the step at which the watchdog strikes; 0: never */
};

/* Installs the handler. The calling thread becomes the runtime's first CPU. checks: image addresses
 * of the functions with a check, which must stay. Returns 0 or -errno. */
int step_begin(struct runtime *runtime, const uint64_t *checks, size_t check_count);
/* From now on notes which of the functions at these image addresses are entered in runs that are
 * stepped: *entered is to have room for count, and to stay until the next call. */
void step_watch(const uint64_t *addresses, size_t count, bool *entered);
void step_end(struct runtime *runtime);

/* Runs the program that the first CPU names over one frame. */
int step_run(struct runtime *runtime, const struct frame *frame, const struct run_options *options,
             struct usage *usage);

#endif
