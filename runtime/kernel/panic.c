// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ways out of a run other than returning: a panic, a timeout, a failed stack check, a fault. Each runs on
 * the program's stack below where program text was left, or for a fault on the caller's, and ends with the
 * landing pad.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "runtime/kernel/cleanup.h"
#include "runtime/kernel/faults.h"
#include "runtime/kernel/helpers.h"
#include "runtime/kernel/report.h"
#include "runtime/kernel/watchdog.h"

/*
 * The first step of every way out: from now on further trouble abandons what is running, and the watchdog gives
 * what follows a time limit of its own. False when it was taken already: then the panic body is what got into
 * trouble.
 */
static bool begin_exit(struct rex_cpu_state *state, enum rex_end end)
{
	if (state->end != REX_END_RETURNED) {
		state->body_end = end;
		return false;
	}
	state->end = end;
	rex_watchdog_renew(state);
	return true;
}

static void after_exit(struct rex_cpu_state *state)
{
	if (rex_running_program(state)->object->flags & REX_LOAD_DETACH_ON_PANIC)
		rex_program_detach(rex_running_program(state));
}

/*
 * Lets the program format its panic message, on the panic stack. When the body does not return, the message
 * is what it had written by then, as far as that has no zero in it.
 */
static void format_panic(struct rex_cpu_state *state, const void *panic_info, char *message)
{
	const unsigned long top = state->memory->stacks[state->stack].panic_top;
	const unsigned long landing = state->landing;
	const unsigned long stack_limit = state->visible.stack_limit;
	const u8 inner = state->inner;
	u64 length;

	memset(message, 0, REX_LOG_MAX + 1);
	state->body_end = REX_END_RETURNED;
	rex_set_stack_limit(state, top - sizeof(long) - REX_PANIC_STACK);
	state->inner = 1;
	state->has_panic_frame = 1;
	barrier();
	length = rex_stack_call(top, rex_running_program(state)->object->image.panic_body, (u64)panic_info,
				(u64)message, REX_LOG_MAX);
	barrier();
	state->has_panic_frame = 0;
	state->inner = inner;
	state->landing = landing;
	rex_set_stack_limit(state, stack_limit);
	if (state->body_end == REX_END_RETURNED)
		message[min_t(u64, length, REX_LOG_MAX)] = '\0';
}

void __noreturn rex_panic(const void *panic_info)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const unsigned long *frame = __builtin_frame_address(0);
	struct rex_report *report;

	if (!begin_exit(state, REX_END_PANICKED))
		rex_abandon();
	this_cpu_inc(rex_running_program(state)->statistics->panics);
	report = rex_report_begin(rex_running_program(state), REX_END_PANICKED);
	rex_trace(state, report, 0, (unsigned long)frame);
	/*
	 * The message's Display is the program's code, and may look at records and tasks that the run holds: they
	 * go when it has ended, however it ends, with whatever it took itself.
	 */
	rex_cleanup_release_locks(state);
	format_panic(state, panic_info, report ? report->message : state->memory->message[state->stack]);
	rex_cleanup_release(state);
	rex_report_end(report);
	after_exit(state);
	rex_abandon();
}

void __noreturn rex_abort(void)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const unsigned long *frame = __builtin_frame_address(0);
	struct rex_report *report;

	if (!begin_exit(state, REX_END_PANICKED))
		rex_abandon();
	this_cpu_inc(rex_running_program(state)->statistics->panics);
	rex_cleanup_release(state);
	report = rex_report_begin(rex_running_program(state), REX_END_PANICKED);
	rex_trace(state, report, 0, (unsigned long)frame);
	if (report)
		strscpy(report->message,
			"the program aborted: it reached what its compiler took for impossible",
			sizeof(report->message));
	rex_report_end(report);
	after_exit(state);
	rex_abandon();
}

void __noreturn rex_timeout(void)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const unsigned long *frame = __builtin_frame_address(0);
	struct rex_report *report;

	if (!begin_exit(state, REX_END_TIMED_OUT))
		rex_abandon();
	this_cpu_inc(rex_running_program(state)->statistics->timeouts);
	rex_cleanup_release(state);
	report = rex_report_begin(rex_running_program(state), REX_END_TIMED_OUT);
	/* The watchdog has left where it stopped the program; else the program looked at the time itself. */
	rex_trace(state, report, state->interrupted,
		  state->interrupted ? state->frame : (unsigned long)frame);
	rex_report_end(report);
	after_exit(state);
	rex_abandon();
}

void __noreturn rex_stack_overflow(void)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const unsigned long *frame = __builtin_frame_address(0);
	struct rex_report *report;

	if (!begin_exit(state, REX_END_OVERFLOWED))
		rex_abandon();
	this_cpu_inc(rex_running_program(state)->statistics->overflows);
	rex_cleanup_release(state);
	report = rex_report_begin(rex_running_program(state), REX_END_OVERFLOWED);
	rex_trace(state, report, 0, (unsigned long)frame);
	rex_report_end(report);
	after_exit(state);
	rex_abandon();
}

/* Continued at by the die notifier, on the stack that the landing is on. */
void __noreturn rex_fault(void)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const struct rex_fault_record fault = *this_cpu_ptr(&rex_fault_record);
	struct rex_report *report;
	const bool first = begin_exit(state, REX_END_FAULTED);

	this_cpu_inc(rex_running_program(state)->statistics->faults);
	rex_object_quarantine(rex_running_program(state)->object);
	report = rex_report_begin(rex_running_program(state), REX_END_FAULTED);
	rex_trace(state, report, fault.ip, fault.frame);
	if (report) {
		report->trap = fault.trap;
		report->address = fault.address;
	}
	rex_report_end(report);
	if (first)
		rex_cleanup_release(state);
	rex_abandon();
}
