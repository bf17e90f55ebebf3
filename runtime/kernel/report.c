// SPDX-License-Identifier: GPL-2.0-only
#include <linux/irq_work.h>
#include <linux/ratelimit.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <asm/trapnr.h>

#include "runtime/kernel/report.h"

enum { REPORT_FREE, REPORT_FILLING, REPORT_READY, REPORT_PRINTING };

#define REPORTS 16

static struct rex_report reports[REPORTS];
static atomic_t suppressed = ATOMIC_INIT(0);
static struct irq_work wake;
static struct work_struct print_work;
/* Ten in five seconds, as printk_ratelimited(). */
static DEFINE_RATELIMIT_STATE(limit, DEFAULT_RATELIMIT_INTERVAL, DEFAULT_RATELIMIT_BURST);

struct rex_report *rex_report_begin(struct rex_program *program, enum rex_end end)
{
	size_t i;

	/* Only tries to lock: an NMI may have interrupted it. */
	if (!__ratelimit(&limit))
		goto none;
	for (i = 0; i < REPORTS; i++) {
		struct rex_report *report = &reports[i];

		if (atomic_cmpxchg(&report->state, REPORT_FREE, REPORT_FILLING) != REPORT_FREE)
			continue;
		rex_object_get(program->object);
		report->program = program;
		report->end = end;
		report->cpu = raw_smp_processor_id();
		report->message[0] = '\0';
		report->trap = 0;
		report->address = 0;
		report->trace_count = 0;
		report->interrupted = false;
		return report;
	}
none:
	atomic_inc(&suppressed);
	return NULL;
}

void rex_report_end(struct rex_report *report)
{
	if (!report)
		return;
	atomic_set_release(&report->state, REPORT_READY);
	irq_work_queue(&wake);
}

static void on_wake(struct irq_work *work)
{
	schedule_work(&print_work);
}

static const char *type_name(enum rex_program_type type)
{
	static const char *const names[] = {
		[REX_PROGRAM_KPROBE] = "kprobe",
		[REX_PROGRAM_TRACEPOINT] = "tracepoint",
		[REX_PROGRAM_PERF_EVENT] = "perf_event",
		[REX_PROGRAM_XDP] = "xdp",
		[REX_PROGRAM_TC] = "tc",
	};

	return names[type];
}

static const char *what_happened(const struct rex_report *report)
{
	switch (report->end) {
	case REX_END_PANICKED:
		return "panicked";
	case REX_END_TIMED_OUT:
		return "used up its time";
	case REX_END_OVERFLOWED:
		return "used up its stack";
	case REX_END_FAULTED:
		return "faulted";
	default:
		return "returned without giving back what it held";
	}
}

static const char *trap_name(int trap)
{
	switch (trap) {
	case X86_TRAP_DE:
		return "divide error";
	case X86_TRAP_BP:
		return "breakpoint";
	case X86_TRAP_UD:
		return "invalid opcode";
	case X86_TRAP_SS:
		return "stack segment fault";
	case X86_TRAP_GP:
		return "general protection fault";
	case X86_TRAP_PF:
		return "page fault";
	default:
		return "trap";
	}
}

/* Line by line, without what would confuse a terminal. */
static void print_message(char *message)
{
	char *line;

	while ((line = strsep(&message, "\n")) != NULL) {
		char *at;

		for (at = line; *at; at++) {
			if ((unsigned char)*at < ' ' || *at == 0x7f)
				*at = '?';
		}
		pr_warn("  %s\n", line);
	}
}

static void print_report(struct rex_report *report)
{
	const struct rex_program *program = report->program;
	const int more = atomic_xchg(&suppressed, 0);
	u32 i;

	pr_warn("%s program %s of object %u (%s) %s on CPU %u\n", type_name(program->type), program->name,
		program->object->id, program->object->name, what_happened(report), report->cpu);
	if (report->message[0] != '\0')
		print_message(report->message);
	if (report->end == REX_END_FAULTED)
		pr_warn("  %s (%d) at 0x%lx: the object is put out of service\n", trap_name(report->trap),
			report->trap, report->address);
	if (report->trace_count > 0)
		pr_warn("Call Trace:\n");
	for (i = 0; i < report->trace_count; i++) {
		if (i == 0 && report->interrupted)
			pr_warn(" %pS\n", (void *)report->trace[i]);
		else
			pr_warn(" %pB\n", (void *)report->trace[i]);
	}
	if (more > 0)
		pr_warn("%d more such reports are not shown\n", more);
}

static void print_all(struct work_struct *work)
{
	size_t i;

	for (i = 0; i < REPORTS; i++) {
		struct rex_report *report = &reports[i];
		struct rex_object *object;

		if (atomic_cmpxchg_acquire(&report->state, REPORT_READY, REPORT_PRINTING) != REPORT_READY)
			continue;
		print_report(report);
		object = report->program->object;
		report->program = NULL;
		atomic_set_release(&report->state, REPORT_FREE);
		rex_object_put(object);
	}
}

int __init rex_reports_init(void)
{
	init_irq_work(&wake, on_wake);
	INIT_WORK(&print_work, print_all);
	ratelimit_set_flags(&limit, RATELIMIT_MSG_ON_RELEASE);
	return 0;
}

void rex_reports_exit(void)
{
	irq_work_sync(&wake);
	flush_work(&print_work);
}
