/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel log says of runs that ended early. A run may end in any context, an NMI included, so
 * it fills in a report and a worker prints it. There are few reports, and they are rate-limited: a
 * program that panics at each packet must not fill the log.
 */
#ifndef REX_KERNEL_REPORT_H
#define REX_KERNEL_REPORT_H

#include "runtime/kernel/object.h"
#include "runtime/kernel/state.h"

#define REX_TRACE_MAX 48

struct rex_report {
	atomic_t state; /* report.c */
	enum rex_end end;
	struct rex_program *program; /* a reference to its object */
	unsigned int cpu;
	char message[REX_LOG_MAX + 1];
	int trap; /* of a fault */
	unsigned long address; /* of a fault */
	u32 trace_count;
	bool interrupted; /* the first place is where the run was stopped; the others are behind a call */
	unsigned long trace[REX_TRACE_MAX];
};

/* A report to fill in; NULL when the log has had enough, or all are in use. From any context. */
struct rex_report *rex_report_begin(struct rex_program *program, enum rex_end end);
/* It is complete. NULL: does nothing. */
void rex_report_end(struct rex_report *report);

int rex_reports_init(void);
/* Prints what is left. No program may run any more. */
void rex_reports_exit(void);

/* trace.c: program text from ip (0: from the frame's return address) and rbp on, then the kernel. */
void rex_trace(const struct rex_cpu_state *state, struct rex_report *report, unsigned long ip,
	       unsigned long frame);

#endif
