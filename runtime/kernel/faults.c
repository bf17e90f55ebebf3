// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kdebug.h>
#include <linux/notifier.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <asm/trapnr.h>

#include "runtime/kernel/faults.h"
#include "runtime/kernel/object.h"
#include "runtime/kernel/state.h"

DEFINE_PER_CPU(struct rex_fault_record, rex_fault_record);

/*
 * Called before the kernel would say die. #UD, #DE, #GP, #SS and a stray #BP come before anything is printed,
 * #PF after the kernel has printed its oops. A double fault, which is what a stack overflow is, halts the machine.
 *
 * What goes on is rex_fault(), on the stack of the landing: program text may have left rsp anywhere.
 */
static int on_die(struct notifier_block *block, unsigned long event, void *data)
{
	struct rex_cpu_state *state;
	struct die_args *args = data;
	struct pt_regs *regs = args->regs;

	/* A run has preemption off: this is somebody else's fault, on whatever CPU. */
	if (preemptible())
		return NOTIFY_DONE;
	state = this_cpu_ptr(&rex_cpu_state);
	switch (event) {
	case DIE_OOPS:
	case DIE_TRAP:
	case DIE_GPF:
	case DIE_INT3:
		break;
	default:
		return NOTIFY_DONE;
	}
	if (!regs || user_mode(regs) || !rex_is_running(state->running) ||
	    !rex_image_has_text(&rex_running_program(state)->object->image, regs->ip - (event == DIE_INT3)))
		return NOTIFY_DONE;
	*this_cpu_ptr(&rex_fault_record) = (struct rex_fault_record){
		/* Of a kernel-mode page fault the notifier is not told the number (arch/x86/mm/fault.c). */
		.trap = event == DIE_OOPS ? X86_TRAP_PF : args->trapnr,
		.address = event == DIE_OOPS ? read_cr2() : regs->ip,
		.ip = regs->ip,
		.frame = regs->bp,
	};
	/* As after a call: rsp is 8 below a multiple of 16. */
	regs->sp = (state->landing & ~15ul) - 8;
	regs->ip = (unsigned long)rex_fault;
	return NOTIFY_STOP;
}

static struct notifier_block notifier = {.notifier_call = on_die};

int __init rex_faults_init(void)
{
	return register_die_notifier(&notifier);
}

void rex_faults_exit(void)
{
	unregister_die_notifier(&notifier);
}
