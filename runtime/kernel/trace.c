// SPDX-License-Identifier: GPL-2.0-only
/*
 * Call traces. The kernel's unwinder knows neither program text nor its stacks, so the frames there are
 * followed by their rbp, which all program text keeps (-Cforce-frame-pointers=yes), up to the place where
 * the program was entered; the kernel's unwinder does the rest from there.
 */
#include <linux/ptrace.h>
#include <linux/string.h>
#include <asm/segment.h>

#include "runtime/kernel/report.h"
#include "runtime/kernel/symbols.h"

static void add(struct rex_report *report, unsigned long address)
{
	if (report->trace_count < REX_TRACE_MAX)
		report->trace[report->trace_count++] = address;
}

/*
 * Each frame is [0] the caller's rbp, [1] the return address (System V psABI, 3.2.2). What is not a frame ends
 * the chain: program text may have been stopped where rbp is something else, any number at all.
 */
static void follow(const struct rex_cpu_state *state, struct rex_report *report, unsigned long frame)
{
	const struct rex_stack *stack = &state->memory->stacks[state->stack];
	const bool on_panic_stack = frame >= stack->panic_base && frame < stack->panic_top;
	const unsigned long top = on_panic_stack ? stack->panic_top : stack->top;
	unsigned long above = on_panic_stack ? stack->panic_base : stack->base;
	u32 i;

	for (i = 0; i < REX_TRACE_MAX; i++) {
		const unsigned long *words = (const unsigned long *)frame;

		if (frame % 8 != 0 || frame < above || frame > top - 16 ||
		    !rex_image_has_text(&rex_running_program(state)->object->image, words[1]))
			return;
		add(report, words[1]);
		above = frame + 16;
		frame = words[0];
	}
}

/* The frame that a landing goes back to (dispatch.S), as registers. */
static void follow_kernel(const struct rex_cpu_state *state, struct rex_report *report)
{
	const unsigned long *landing = (const unsigned long *)state->landing;
	const unsigned int room = REX_TRACE_MAX - report->trace_count;
	unsigned long *to = report->trace + report->trace_count;
	struct pt_regs regs = {
		.r15 = landing[0],
		.r14 = landing[1],
		.r13 = landing[2],
		.r12 = landing[3],
		.bx = landing[4],
		.flags = landing[5],
		.bp = landing[6],
		.ip = landing[7],
		.sp = (unsigned long)(landing + 8),
		.cs = __KERNEL_CS,
		.ss = __KERNEL_DS,
	};

	report->trace_count += rex_kernel_stack_trace_save_regs(&regs, to, room, 0);
}

void rex_trace(const struct rex_cpu_state *state, struct rex_report *report, unsigned long ip,
	       unsigned long frame)
{
	if (!report)
		return;
	if (ip) {
		add(report, ip);
		report->interrupted = true;
	}
	follow(state, report, frame);
	if (!state->has_panic_frame)
		follow_kernel(state, report);
}
