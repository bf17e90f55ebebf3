// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timer per CPU looks every 10 ms at what runs there. A run that it has seen for the time that its object gives
 * it is sent to its timeout handler, by rewriting the instruction pointer of the interrupted context, and
 * only when that lies in the object's text; an import finishes first, and the run ends in the gate of the next one
 * (dispatch.S) or when it is found in its text soon after (rex_abi.h, "Termination").
 *
 * A run with interrupts off stops its own CPU's timer too. It says on its way in when its time will be up, and from
 * then on gets an NMI with each tick of the nearest CPU before it that has ticks, in which it looks as in the timer. So
 * there has to be one: not all CPUs may be in such runs at a time, as they would be when programs sample all CPUs at
 * once. The last one waits at the door for another to leave, and does meanwhile what its timer would.
 *
 * Only the CPU itself notes anything of its runs, in interrupts and NMIs on top of them.
 */
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/smp.h>
#include <linux/timekeeping.h>
#include <asm/apic.h>
#include <asm/irq_regs.h>
#include <asm/nmi.h>

#include "runtime/kernel/object.h"
#include "runtime/kernel/state.h"
#include "runtime/kernel/watchdog.h"

#define PERIOD_NS (10 * (u64)NSEC_PER_MSEC)
/* When a run is over its time but in an import: soon it will be in its own text. */
#define RETRY_NS (200 * (u64)NSEC_PER_USEC)
/* A CPU whose timer has not come for so long has none: it comes or goes, or the kernel has interrupts off. */
#define LATE_NS (3 * PERIOD_NS)
/* A run that waits so long for its place is skipped: the CPU goes on, and its timer with it. */
#define WAIT_MAX_NS ((u64)NSEC_PER_SEC)
#define NEVER ((u64)S64_MAX)

struct watch {
	struct hrtimer timer;
	bool counted; /* in watching */
	u64 last; /* when the timer last came */
	u64 due; /* when the innermost run with interrupts off has used its time; 0: there is none */
	atomic_t asked; /* by another CPU, to look in an NMI */
	u64 asked_at; /* when that last was */
};

static DEFINE_PER_CPU(struct watch, watches);
static atomic_t watching = ATOMIC_INIT(0); /* CPUs with timers */
static atomic_t masked_cpus = ATOMIC_INIT(0); /* those in runs with interrupts off */
static DEFINE_MUTEX(users_lock);
static unsigned int users;
static bool active; /* with CPU hotplug held off */
static int hotplug_state;

/*
 * Whether so much time has gone by. The beginning may lie ahead: it may be another CPU's, or of an NMI that came
 * after now was read.
 */
static bool has_passed(u64 now, u64 begun, u64 time)
{
	return (s64)(now - begun) >= (s64)time;
}

static u64 time_limit(const struct rex_program *program)
{
	return program->object->timeout_ms * (u64)NSEC_PER_MSEC;
}

/* Single instructions, so that neither an NMI nor a run within the interrupt comes between. */
static void note(unsigned long notes)
{
	this_cpu_or(rex_cpu_state.running, notes);
}

static void forget(void)
{
	this_cpu_and(rex_cpu_state.running, ~REX_RUN_NOTES);
}

/*
 * The run has used its time. *ip is where the CPU goes on after the interrupt. Returns whether the run should be
 * looked at again soon.
 */
static bool expire(struct rex_cpu_state *state, unsigned long *ip, unsigned long frame)
{
	const struct rex_image *image = &rex_running_program(state)->object->image;

	if (!rex_image_has_text(image, *ip)) {
		note(REX_RUN_EXPIRED);
		return true;
	}
	if (state->end != REX_END_RETURNED) { /* the panic body */
		state->body_end = REX_END_TIMED_OUT;
		*ip = (unsigned long)rex_land;
		return false;
	}
	/* What follows has a limit of its own. */
	forget();
	state->interrupted = *ip;
	state->frame = frame;
	*ip = image->handle_timeout;
	return false;
}

/* Returns when to look again. */
static u64 look(unsigned long *ip, unsigned long frame, u64 now)
{
	struct rex_cpu_state *state = this_cpu_ptr(&rex_cpu_state);
	const unsigned long running = READ_ONCE(state->running);

	if (!rex_is_running(running))
		return PERIOD_NS;
	if (!(running & REX_RUN_WATCHED)) {
		WRITE_ONCE(state->watched_since, now);
		note(REX_RUN_WATCHED);
		return PERIOD_NS;
	}
	if (!has_passed(now, READ_ONCE(state->watched_since), time_limit(rex_program_of(running))))
		return PERIOD_NS;
	return expire(state, ip, frame) ? RETRY_NS : PERIOD_NS;
}

static void ask(unsigned int cpu, u64 now)
{
	struct watch *watch = per_cpu_ptr(&watches, cpu);

	WRITE_ONCE(watch->asked_at, now);
	atomic_set(&watch->asked, 1);
	apic->send_IPI(cpu, NMI_VECTOR);
}

/* The CPUs whose timers do not come, from the next one on up to one whose own does. */
static void look_after_others(unsigned int self, u64 now)
{
	unsigned int cpu;

	for_each_cpu_wrap(cpu, cpu_online_mask, self) {
		const struct watch *watch = per_cpu_ptr(&watches, cpu);
		const u64 due = READ_ONCE(watch->due);

		if (cpu == self)
			continue;
		if (due == 0 && !has_passed(now, READ_ONCE(watch->last), LATE_NS))
			return;
		/* Nothing is due in 0: a run that has no timer for another reason. */
		if (has_passed(now, due, 0) && rex_is_running(READ_ONCE(per_cpu(rex_cpu_state, cpu).running)))
			ask(cpu, now);
	}
}

/* A machine with one CPU cannot stop such runs at all. A second one that comes has no timer for a moment. */
static int places(void)
{
	const int online = num_online_cpus();

	return online > 1 ? min(online, atomic_read(&watching)) - 1 : 1;
}

static bool has_place(void)
{
	int count = atomic_read(&masked_cpus);

	while (count < places()) {
		if (atomic_try_cmpxchg(&masked_cpus, &count, count + 1))
			return true;
	}
	return false;
}

/* Looks after the others, as nobody else may be able to; when one of them leaves there is a place. */
static bool wait_for_place(void)
{
	const u64 begun = ktime_get_mono_fast_ns();
	u64 looked_at = begun;

	for (;;) {
		const u64 now = ktime_get_mono_fast_ns();

		if (has_place())
			return true;
		/* The CPU that comes may need this one, and nobody is there who could leave. */
		if (places() == 0 || has_passed(now, begun, WAIT_MAX_NS))
			return false;
		if (has_passed(now, looked_at, PERIOD_NS)) {
			looked_at = now;
			look_after_others(smp_processor_id(), now);
		}
		cpu_relax();
	}
}

u64 rex_watchdog_enter_masked(const struct rex_program *program, u64 *outer)
{
	struct watch *watch = this_cpu_ptr(&watches);
	u64 begun;

	*outer = watch->due;
	if (*outer == 0) {
		/* Runs in NMIs from here on are within this one. */
		WRITE_ONCE(watch->due, NEVER);
		barrier();
		if (!has_place() && !wait_for_place()) {
			WRITE_ONCE(watch->due, 0);
			return 0;
		}
	}
	begun = ktime_get_mono_fast_ns();
	WRITE_ONCE(watch->due, begun + time_limit(program));
	return begun;
}

void rex_watchdog_leave_masked(u64 outer)
{
	if (outer == 0)
		atomic_dec(&masked_cpus);
	barrier();
	WRITE_ONCE(this_cpu_ptr(&watches)->due, outer);
}

void rex_watchdog_renew(struct rex_cpu_state *state)
{
	forget();
	if (irqs_disabled()) {
		const u64 now = ktime_get_mono_fast_ns();

		WRITE_ONCE(state->watched_since, now);
		note(REX_RUN_WATCHED);
		WRITE_ONCE(this_cpu_ptr(&watches)->due, now + time_limit(rex_running_program(state)));
	}
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	const unsigned int cpu = smp_processor_id();
	const u64 now = ktime_get_mono_fast_ns();
	struct pt_regs *regs = get_irq_regs();
	u64 again = PERIOD_NS;

	WRITE_ONCE(this_cpu_ptr(&watches)->last, now);
	if (regs)
		again = look(&regs->ip, regs->bp, now);
	look_after_others(cpu, now);
	hrtimer_forward_now(timer, ns_to_ktime(again));
	return HRTIMER_RESTART;
}

/*
 * What an NMI returns through is not regs but a copy of the frame right above them (arch/x86/entry/entry_64.S,
 * asm_exc_nmi: the "iret" frame); it is written only when it is seen to be that.
 */
static int on_nmi(unsigned int type, struct pt_regs *regs)
{
	struct watch *watch = this_cpu_ptr(&watches);
	const u64 now = ktime_get_mono_fast_ns();
	unsigned long *frame = (unsigned long *)(regs + 1);
	unsigned long ip = regs->ip;

	/* Two CPUs may have asked: the second NMI is ours, too, and there is nothing left to do. */
	if (!atomic_xchg(&watch->asked, 0))
		return has_passed(now, READ_ONCE(watch->asked_at), NSEC_PER_SEC) ? NMI_DONE : NMI_HANDLED;
	if (user_mode(regs) || frame[0] != regs->ip || (u16)frame[1] != (u16)regs->cs || frame[3] != regs->sp ||
	    (u16)frame[4] != (u16)regs->ss)
		return NMI_HANDLED;
	look(&ip, regs->bp, now);
	frame[0] = ip;
	regs->ip = ip;
	return NMI_HANDLED;
}

static void start_timer(void *unused)
{
	struct watch *watch = this_cpu_ptr(&watches);

	watch->last = ktime_get_mono_fast_ns();
	if (!watch->counted) {
		watch->counted = true;
		atomic_inc(&watching);
	}
	hrtimer_start(&watch->timer, ns_to_ktime(PERIOD_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

void rex_watchdog_online(void)
{
	if (active)
		start_timer(NULL);
}

static void stop_timer(unsigned int cpu)
{
	struct watch *watch = per_cpu_ptr(&watches, cpu);

	hrtimer_cancel(&watch->timer);
	if (watch->counted) {
		watch->counted = false;
		atomic_dec(&watching);
	}
}

/*
 * Not sooner: while a CPU is on its way out programs run there, and on those that it watches, and the way out ends only
 * when these do (stop_machine()).
 */
static int on_dead(unsigned int cpu)
{
	stop_timer(cpu);
	return 0;
}

void rex_watchdog_get(void)
{
	mutex_lock(&users_lock);
	if (users++ == 0) {
		cpus_read_lock();
		active = true;
		on_each_cpu(start_timer, NULL, 1);
		cpus_read_unlock();
	}
	mutex_unlock(&users_lock);
}

void rex_watchdog_put(void)
{
	int cpu;

	mutex_lock(&users_lock);
	if (--users == 0) {
		cpus_read_lock();
		active = false;
		for_each_online_cpu(cpu)
			stop_timer(cpu);
		cpus_read_unlock();
	}
	mutex_unlock(&users_lock);
}

int __init rex_watchdog_init(void)
{
	int cpu, error;

	for_each_possible_cpu(cpu) {
		struct watch *watch = per_cpu_ptr(&watches, cpu);

		hrtimer_init(&watch->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
		watch->timer.function = on_timer;
	}
	hotplug_state = cpuhp_setup_state(CPUHP_BP_PREPARE_DYN, "rex:dead", NULL, on_dead);
	if (hotplug_state < 0)
		return hotplug_state;
	error = register_nmi_handler(NMI_LOCAL, on_nmi, 0, "rex");
	if (error)
		cpuhp_remove_state(hotplug_state);
	return error;
}

void rex_watchdog_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "rex");
	cpuhp_remove_state(hotplug_state);
}
