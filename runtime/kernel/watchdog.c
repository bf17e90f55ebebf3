// SPDX-License-Identifier: GPL-2.0-only
/*
 * A timer per CPU looks every 10 ms at what runs there. A run that it has seen for the time that its object gives
 * it is sent to its timeout handler, by rewriting the instruction pointer of the interrupted context, and
 * only when that lies in the object's text; an import finishes first, and the run ends in the gate of the next one
 * (dispatch.S) or when it is found in its text soon after (rex_abi.h, "Termination").
 *
 * A run with interrupts off stops its own CPU's timer too. So each CPU also watches the next one, and sends it
 * an NMI when its timer is late and something runs there; in the NMI the CPU looks as in the timer. That needs a CPU
 * whose timer comes: not all CPUs may be in such runs at a time, as they would be when programs sample all CPUs at
 * once. The last one waits at the door for another to leave, and has that one look meanwhile.
 *
 * Only the CPU itself notes anything of its runs, in interrupts and NMIs on top of them.
 */
#include <linux/cpu.h>
#include <linux/cpumask.h>
#include <linux/hrtimer.h>
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
/* A CPU whose timer has not come for so long has interrupts off. */
#define LATE_NS (3 * PERIOD_NS)
/* A run that waits so long for its place is skipped: the CPU goes on, and its timer with it. */
#define WAIT_MAX_NS ((u64)NSEC_PER_SEC)

struct watch {
	struct hrtimer timer;
	u64 last; /* when the timer last came */
	atomic_t asked; /* by another CPU, to look in an NMI */
	u64 asked_at; /* when that last was */
	unsigned int masked; /* runs with interrupts off, within each other, on this CPU */
};

static DEFINE_PER_CPU(struct watch, watches);
static atomic_t masked_cpus = ATOMIC_INIT(0); /* those with such runs */
static DEFINE_MUTEX(users_lock);
static unsigned int users;
static bool active; /* with CPU hotplug held off */

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
		/* When the timer is late the run may have been there for that long. */
		const bool late = now - this_cpu_ptr(&watches)->last >= LATE_NS;

		WRITE_ONCE(state->watched_since, late ? now - LATE_NS : now);
		note(REX_RUN_WATCHED);
		return PERIOD_NS;
	}
	if (now - READ_ONCE(state->watched_since) < time_limit(rex_program_of(running)))
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

/* The next CPU, when its own timer does not come. */
static void look_after(unsigned int cpu, u64 now)
{
	if (rex_is_running(READ_ONCE(per_cpu(rex_cpu_state, cpu).running)) &&
	    now - READ_ONCE(per_cpu(watches, cpu).last) >= LATE_NS)
		ask(cpu, now);
}

static bool has_place(void)
{
	/* A machine with one CPU cannot stop such runs at all. */
	const int places = max_t(int, num_online_cpus() - 1, 1);
	int count = atomic_read(&masked_cpus);

	while (count < places) {
		if (atomic_try_cmpxchg(&masked_cpus, &count, count + 1))
			return true;
	}
	return false;
}

static unsigned int next_cpu(unsigned int cpu)
{
	const unsigned int next = cpumask_next(cpu, cpu_online_mask);

	return next < nr_cpu_ids ? next : cpumask_first(cpu_online_mask);
}

/* Has one of the others look, as nobody else may be able to; when it leaves there is a place. */
static bool wait_for_place(void)
{
	const unsigned int cpu = next_cpu(smp_processor_id());
	const u64 begun = ktime_get_mono_fast_ns();
	u64 asked_at = begun;

	for (;;) {
		const u64 now = ktime_get_mono_fast_ns();

		if (has_place())
			return true;
		if (now - begun > WAIT_MAX_NS)
			return false;
		if (now - asked_at >= PERIOD_NS && rex_is_running(READ_ONCE(per_cpu(rex_cpu_state, cpu).running))) {
			asked_at = now;
			ask(cpu, now);
		}
		cpu_relax();
	}
}

bool rex_watchdog_enter_masked(void)
{
	struct watch *watch = this_cpu_ptr(&watches);

	if (watch->masked == 0 && !has_place() && !wait_for_place())
		return false;
	watch->masked++;
	return true;
}

void rex_watchdog_leave_masked(void)
{
	if (--this_cpu_ptr(&watches)->masked == 0)
		atomic_dec(&masked_cpus);
}

static enum hrtimer_restart on_timer(struct hrtimer *timer)
{
	const unsigned int cpu = smp_processor_id();
	const u64 now = ktime_get_mono_fast_ns();
	const unsigned int next = next_cpu(cpu);
	struct pt_regs *regs = get_irq_regs();
	u64 again = PERIOD_NS;

	WRITE_ONCE(this_cpu_ptr(&watches)->last, now);
	if (regs)
		again = look(&regs->ip, regs->bp, now);
	if (next != cpu)
		look_after(next, now);
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
		return now - READ_ONCE(watch->asked_at) < NSEC_PER_SEC ? NMI_HANDLED : NMI_DONE;
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
	hrtimer_start(&watch->timer, ns_to_ktime(PERIOD_NS), HRTIMER_MODE_REL_PINNED_HARD);
}

void rex_watchdog_online(void)
{
	if (active)
		start_timer(NULL);
}

void rex_watchdog_offline(void)
{
	hrtimer_cancel(&this_cpu_ptr(&watches)->timer);
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
			hrtimer_cancel(&per_cpu_ptr(&watches, cpu)->timer);
		cpus_read_unlock();
	}
	mutex_unlock(&users_lock);
}

int __init rex_watchdog_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct watch *watch = per_cpu_ptr(&watches, cpu);

		hrtimer_init(&watch->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
		watch->timer.function = on_timer;
	}
	return register_nmi_handler(NMI_LOCAL, on_nmi, 0, "rex");
}

void rex_watchdog_exit(void)
{
	unregister_nmi_handler(NMI_LOCAL, "rex");
}
