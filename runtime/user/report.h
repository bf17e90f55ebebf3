/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run's end other than a return says to the person: once in full, with a stack trace, for
 * the first few at a place in the program, then counted, so that a million panics do not bury the
 * first.
 */
#ifndef REXC_RUNTIME_USER_REPORT_H
#define REXC_RUNTIME_USER_REPORT_H

#include "runtime/user/trace.h"

#include <pthread.h>

struct runtime;

#define REPORT_SITES 128
#define REPORT_FULL 5 /* reports at one place that are printed */

struct report_site {
    uint64_t key;   /* of the stack trace and the kind; 0: free */
    uint64_t count; /* reports so far */
};

struct reports {
    pthread_mutex_t lock; /* also held while anything is printed */
    struct report_site sites[REPORT_SITES];
    uint64_t unprinted;
};

int reports_create(struct reports *reports); /* 0 or -errno */
void reports_destroy(struct reports *reports);

/* message is what the program's panic body wrote, in part when cpu->body_end is not RUN_RETURNED.
 */
void report_panic(struct cpu *cpu, const char *message, const struct trace *trace);
void report_timeout(struct cpu *cpu, const struct trace *trace);
void report_overflow(struct cpu *cpu, const struct trace *trace);
void report_fault(struct cpu *cpu, const struct fault *fault, const struct trace *trace);
/* A program returned and had not given back so many resources; they are released. */
void report_leak(struct cpu *cpu, unsigned count);
/* How many reports were only counted. */
void report_unprinted(struct runtime *runtime);

#endif
