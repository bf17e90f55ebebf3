// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpuhotplug.h>
#include <linux/hardirq.h>
#include <linux/irqflags.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include <linux/vmalloc.h>

#include "runtime/kernel/cleanup.h"
#include "runtime/kernel/compat.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/report.h"
#include "runtime/kernel/state.h"
#include "runtime/kernel/symbols.h"
#include "runtime/kernel/watchdog.h"

DEFINE_PER_CPU(struct rex_cpu_state, rex_cpu_state) = {.running = REX_CPU_ABSENT};

static_assert(offsetof(struct rex_cpu_state, visible.stack_limit) == REX_CPU_STACK_LIMIT);
static_assert(offsetof(struct rex_cpu_state, visible.cpu_number) == REX_CPU_NUMBER);
static_assert(offsetof(struct rex_cpu_state, visible.numa_node) == REX_CPU_NUMA_NODE);
static_assert(offsetof(struct rex_cpu_state, landing) == REX_STATE_LANDING);
static_assert(offsetof(struct rex_cpu_state, running) == REX_STATE_RUNNING);
static_assert(__alignof__(struct rex_program) > REX_RUN_NOTES);
static_assert(offsetof(struct rex_cpu_state, stack_top) == REX_STATE_STACK_TOP);
static_assert(offsetof(struct rex_cpu_state, held) == REX_STATE_PENDING);
static_assert(offsetof(struct rex_cpu_state, inner) == REX_STATE_INNER);
static_assert(offsetof(struct rex_program, statistics) == REX_PROGRAM_STATISTICS);
static_assert(offsetof(struct rex_statistics, runs) == 0);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
static_assert(offsetof(struct pcpu_hot, preempt_count) == 8); /* REX_PREEMPT_COUNT */
#endif

static bool run_in_nmi;
module_param(run_in_nmi, bool, 0444);
MODULE_PARM_DESC(run_in_nmi, "Run programs in NMIs, where one that does not end cannot be stopped");

static bool measure_stacks;
module_param(measure_stacks, bool, 0444);
MODULE_PARM_DESC(measure_stacks, "Say at the module's end how much of the stacks was used");

/* The kernel's own (arch/x86/kernel/nmi.c): 0 is NMI_NOT_RUNNING. */
static unsigned int __percpu *nmi_state;
static int hotplug_state;

/* The lowest address that the program may reach with a stack from top down (rex_abi.h, stack_limit). */
static unsigned long stack_limit(unsigned long top)
{
	return top - sizeof(long) - REX_STACK_PROGRAM;
}

/*
 * A stack for a nested run. When it was called on the highest stack in use, from program text by way of an import
 * or a breakpoint, what lies below rsp is free, and enough when the program's bound and the reserve fit. Otherwise
 * the next stack: whatever interrupts a run ends before that goes on, so stacks are used in order. Returns its top,
 * 0 when there is none.
 */
static unsigned long choose_stack(const struct rex_cpu_state *state, const struct rex_program *program,
				  u32 *number)
{
	const struct rex_stack *stack = &state->memory->stacks[state->stack];
	const unsigned long rsp = current_stack_pointer;

	if (rsp > stack->base && rsp <= stack->top) {
		const unsigned long top = (rsp - 1024) & ~15ul; /* below what this function's callees use */

		*number = state->stack;
		if (top > stack->base &&
		    top - stack->base >= sizeof(long) + program->stack_bound + REX_STACK_RESERVE)
			return top;
	}
	if (state->stack + 1 >= REX_STACKS)
		return 0;
	*number = state->stack + 1;
	return state->memory->stacks[*number].top;
}

/*
 * A real NMI: the kernel is in one, and not only in a breakpoint's handler, which counts as one to in_nmi(). There
 * nothing can stop a program: NMIs stay masked until it returns (Intel SDM 3A, 6.7.1).
 */
static bool is_stoppable(void)
{
	return run_in_nmi || !in_nmi() || this_cpu_read(*nmi_state) == 0;
}

/*
 * Goes back to what was kept aside. The watchdog may come between any two stores: it shall neither take the outer run's
 * watched_since for this one's, nor write there what it finds out about this one. A run that has been seen
 * already it can only find to have used its time, and that note goes with the run.
 */
static void resume(struct rex_cpu_state *state, struct rex_cpu_state *outer)
{
	const unsigned long running = outer->running;

	outer->running = READ_ONCE(state->running) | REX_RUN_WATCHED;
	WRITE_ONCE(state->running, outer->running);
	barrier();
	*state = *outer;
	barrier();
	WRITE_ONCE(state->running, running);
}

/*
 * The run goes on elsewhere than on the first stack of an idle CPU: what is there is kept aside. begun: when the
 * watchdog let it in, 0 when it was not asked.
 */
static u32 run_aside(struct rex_cpu_state *state, void *context, struct rex_program *program, u64 begun)
{
	const unsigned long running = READ_ONCE(state->running);
	struct rex_cpu_state outer;
	unsigned long top = 0;
	u32 stack = 0;
	u32 verdict;

	if (!state->running)
		top = state->stack_top;
	else if (state->running != REX_CPU_ABSENT && state->depth + 1 < REX_RUNS)
		top = choose_stack(state, program, &stack);
	if (top == 0) {
		this_cpu_inc(program->statistics->skipped);
		return REX_DEFAULT_VERDICT;
	}
	if (state->running)
		this_cpu_inc(program->statistics->nested);
	this_cpu_inc(program->statistics->runs);
	barrier();
	outer = *state;
	outer.running = running; /* no note that came after watched_since was copied */
	/* The watchdog acts on program text only; until that runs, what it sees may be half of each run. */
	if (begun)
		WRITE_ONCE(state->watched_since, begun);
	barrier();
	WRITE_ONCE(state->running, (unsigned long)program | (begun ? REX_RUN_WATCHED : 0));
	state->held = 0;
	state->end = REX_END_RETURNED;
	state->inner = 1;
	state->depth = outer.running ? outer.depth + 1 : 0;
	state->stack = stack;
	state->has_panic_frame = 0;
	state->cleanup = state->memory->cleanup[state->depth];
	state->body_end = REX_END_RETURNED;
	state->interrupted = 0;
	rex_set_stack_limit(state, program->checked ? top - sizeof(long) - program->stack_bound :
						      stack_limit(top));
	barrier();
	verdict = rex_stack_call(top, program->entry, (u64)context, 0, 0);
	barrier();
	if (state->held != 0 || state->end != REX_END_RETURNED)
		verdict = rex_settle(verdict);
	resume(state, &outer);
	return verdict;
}

u32 rex_run_aside(void *context, struct rex_program *program)
{
	const bool masked = irqs_disabled(), stoppable = is_stoppable();
	u64 begun = 0, outer = 0;
	u32 verdict;

	if (stoppable && masked)
		begun = rex_watchdog_enter_masked(program, &outer);
	if (!stoppable || (masked && !begun)) {
		this_cpu_inc(program->statistics->skipped);
		return REX_DEFAULT_VERDICT;
	}
	verdict = run_aside(this_cpu_ptr(&rex_cpu_state), context, program, begun);
	if (masked)
		rex_watchdog_leave_masked(outer);
	return verdict;
}

u32 rex_settle(u32 verdict)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);

	if (state->end != REX_END_RETURNED)
		verdict = REX_DEFAULT_VERDICT;
	else if (state->held != 0)
		rex_report_end(rex_report_begin(rex_running_program(state), REX_END_RETURNED));
	rex_cleanup_release(state);
	state->end = REX_END_RETURNED;
	state->interrupted = 0;
	return verdict;
}

/* Preemption was asked for while a program ran. */
void rex_reschedule(void)
{
	preempt_disable();
	preempt_enable();
}

/* What no frame is likely to leave behind. */
#define PAINT 0xb5

static size_t used_of(unsigned long base, unsigned long top)
{
	const u8 *at = (const u8 *)base;

	while (at < (const u8 *)top && *at == PAINT)
		at++;
	return top - (unsigned long)at;
}

/* The deepest use of each stack, on whichever CPU that was. */
static void report_stacks(void)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < REX_STACKS; i++) {
		size_t used = 0, panic_used = 0;

		for_each_possible_cpu(cpu) {
			const struct rex_cpu_memory *memory = per_cpu(rex_cpu_state, cpu).memory;
			const struct rex_stack *stack = memory ? &memory->stacks[i] : NULL;

			if (!stack)
				continue;
			used = max(used, used_of(stack->base, stack->top));
			panic_used = max(panic_used, used_of(stack->panic_base, stack->panic_top));
		}
		pr_info("stack %u: at most %zu bytes used, for panics %zu\n", i, used, panic_used);
	}
}

/* An area of vmalloc() is never followed directly by another: below each stack is a page that faults. */
static unsigned long allocate_stack(unsigned int cpu, size_t size)
{
	return (unsigned long)vmalloc_node(size, cpu_to_node(cpu));
}

static void free_memory(struct rex_cpu_memory *memory)
{
	unsigned int i;

	if (!memory)
		return;
	for (i = 0; i < REX_STACKS; i++) {
		vfree((void *)memory->stacks[i].base);
		vfree((void *)memory->stacks[i].panic_base);
	}
	vfree(memory);
}

static struct rex_cpu_memory *allocate_memory(unsigned int cpu)
{
	struct rex_cpu_memory *memory = vzalloc_node(sizeof(*memory), cpu_to_node(cpu));
	unsigned int i;

	if (!memory)
		return NULL;
	for (i = 0; i < REX_STACKS; i++) {
		struct rex_stack *stack = &memory->stacks[i];

		stack->base = allocate_stack(cpu, REX_STACK_SIZE);
		stack->panic_base = allocate_stack(cpu, REX_PANIC_STACK + REX_STACK_RESERVE);
		if (!stack->base || !stack->panic_base) {
			free_memory(memory);
			return NULL;
		}
		stack->top = stack->base + REX_STACK_SIZE;
		stack->panic_top = stack->panic_base + REX_PANIC_STACK + REX_STACK_RESERVE;
		if (measure_stacks) {
			memset((void *)stack->base, PAINT, REX_STACK_SIZE);
			memset((void *)stack->panic_base, PAINT, REX_PANIC_STACK + REX_STACK_RESERVE);
		}
	}
	return memory;
}

/* On the CPU. Its memory is kept when it goes, as it may come back. */
static int on_online(unsigned int cpu)
{
	struct rex_cpu_state *state = per_cpu_ptr(&rex_cpu_state, cpu);

	if (!state->memory) {
		state->memory = allocate_memory(cpu);
		if (!state->memory)
			return -ENOMEM;
		state->visible.cpu_number = cpu;
		state->visible.numa_node = cpu_to_node(cpu);
		state->stack_top = state->memory->stacks[0].top;
		rex_set_stack_limit(state, stack_limit(state->stack_top));
		state->cleanup = state->memory->cleanup[0];
		smp_store_release(&state->running, 0);
	}
	rex_watchdog_online();
	return 0;
}

int __init rex_cpus_init(void)
{
	nmi_state = (unsigned int __percpu *)rex_symbol("nmi_state");
	if (!nmi_state) {
		pr_err("this kernel has no nmi_state\n");
		return -ENOENT;
	}
	hotplug_state = cpuhp_setup_state(CPUHP_AP_ONLINE_DYN, "rex:online", on_online, NULL);
	if (hotplug_state < 0) {
		rex_cpus_exit();
		return hotplug_state;
	}
	return 0;
}

void rex_cpus_exit(void)
{
	int cpu;

	if (hotplug_state > 0)
		cpuhp_remove_state(hotplug_state);
	if (measure_stacks)
		report_stacks();
	for_each_possible_cpu(cpu) {
		struct rex_cpu_state *state = per_cpu_ptr(&rex_cpu_state, cpu);

		state->running = REX_CPU_ABSENT;
		free_memory(state->memory);
		state->memory = NULL;
	}
}
