/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into a program and out of it. A program's trampoline is a copy of the template below; an eBPF
 * stub's first instruction jumps to it, so it stands for the stub's function: u32 (*)(context, insns).
 *
 * The frames that landings go back to are all the same: r15 r14 r13 r12 rbx flags rbp, return address; rbp points to
 * where rbp is while program text runs. A program that returns has kept all registers that its caller wants kept
 * (System V psABI, 3.2.1), so rbp alone leads back. What ends a run anywhere else finds them by state->landing.
 *
 * To the unwinder all of this is without data: program text and its stack are none that the kernel
 * knows (trace.c walks them).
 */
#include <linux/linkage.h>
#include <linux/objtool.h>
#include <asm/nospec-branch.h>
#include <asm/processor-flags.h>

#include "runtime/kernel/compat.h"
#include "runtime/kernel/state.h"

#define STATE(offset) %gs:rex_cpu_state + offset

	.macro push_rest
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	.endm

	.macro pop_frame
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	addq $8, %rsp
	popq %rbp
	.endm

	/* Data here: only copies of it are executed. rdi is the context. */
	.section .rodata
	.balign 16
SYM_DATA_START(rex_trampoline_template)
	movabsq $0, %rsi
SYM_INNER_LABEL(rex_trampoline_program, SYM_L_GLOBAL) /* the 8 bytes before */
	incl %gs:REX_PREEMPT_COUNT
	cmpq $0, STATE(REX_STATE_RUNNING)
	.byte 0x0f, 0x85 /* jne */
	.long 0
SYM_INNER_LABEL(rex_trampoline_nested, SYM_L_GLOBAL) /* the 4 bytes before */
	pushq %rbp
	movq %rsp, %rbp
	pushfq
	testl $X86_EFLAGS_IF, (%rsp)
	.byte 0x0f, 0x84 /* jz */
	.long 0
SYM_INNER_LABEL(rex_trampoline_masked, SYM_L_GLOBAL) /* the 4 bytes before */
	movq %rsi, STATE(REX_STATE_RUNNING)
	push_rest
	movq %rsp, STATE(REX_STATE_LANDING)
	movq REX_PROGRAM_STATISTICS(%rsi), %rax
	incq %gs:(%rax)
	movq STATE(REX_STATE_STACK_TOP), %rsp
	.byte 0xe8 /* call */
	.long 0
SYM_INNER_LABEL(rex_trampoline_entry, SYM_L_GLOBAL) /* the 4 bytes before */
	leave
	cmpl $0, STATE(REX_STATE_PENDING)
	.byte 0x0f, 0x85 /* jne */
	.long 0
SYM_INNER_LABEL(rex_trampoline_pending, SYM_L_GLOBAL) /* the 4 bytes before */
	movq $0, STATE(REX_STATE_RUNNING)
	decl %gs:REX_PREEMPT_COUNT
	.byte 0x0f, 0x84 /* jz */
	.long 0
SYM_INNER_LABEL(rex_trampoline_reschedule, SYM_L_GLOBAL) /* the 4 bytes before */
	.fill 5, 1, 0xcc /* a return of this kernel's */
SYM_INNER_LABEL(rex_trampoline_end, SYM_L_GLOBAL)
SYM_DATA_END(rex_trampoline_template)

	/*
	 * A run whose time was up while it was in an import ends here, when it calls the next one: a loop of
	 * nothing but imports might never be seen in the program's text. All registers are arguments.
	 */
	.balign 16
SYM_DATA_START(rex_gate_template)
	testb $REX_RUN_EXPIRED, STATE(REX_STATE_RUNNING)
	.byte 0x0f, 0x84 /* jz */
	.long 0
SYM_INNER_LABEL(rex_gate_import, SYM_L_GLOBAL) /* the 4 bytes before */
	.byte 0xe9 /* jmp */
	.long 0
SYM_INNER_LABEL(rex_gate_timeout, SYM_L_GLOBAL) /* the 4 bytes before */
SYM_INNER_LABEL(rex_gate_end, SYM_L_GLOBAL)
SYM_DATA_END(rex_gate_template)

	.text

SYM_FUNC_START(rex_enter_masked)
	ANNOTATE_NOENDBR /* only direct jumps lead here */
	leave
SYM_INNER_LABEL(rex_enter_aside, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	call rex_run_aside
	decl %gs:REX_PREEMPT_COUNT
	jz rex_leave_reschedule
	RET
SYM_FUNC_END(rex_enter_masked)
STACK_FRAME_NON_STANDARD rex_enter_masked

/* Entered with whatever registers program text had, by a jump or from an interrupt's return. */
SYM_FUNC_START(rex_land)
	ENDBR
	cld
	xorl %eax, %eax
	movq STATE(REX_STATE_LANDING), %rsp
	pop_frame
	cmpb $0, STATE(REX_STATE_INNER)
	jne .Lreturn
SYM_INNER_LABEL(rex_leave_pending, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	movl %eax, %edi
	call rex_settle
	movq $0, STATE(REX_STATE_RUNNING)
	decl %gs:REX_PREEMPT_COUNT
	jnz .Lreturn
SYM_INNER_LABEL(rex_leave_reschedule, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR
	pushq %rax
	call rex_reschedule
	popq %rax
.Lreturn:
	RET
SYM_FUNC_END(rex_land)
STACK_FRAME_NON_STANDARD rex_land

SYM_FUNC_START(rex_stack_call)
	ANNOTATE_NOENDBR
	pushq %rbp
	movq %rsp, %rbp
	pushfq
	push_rest
	movq %rsp, STATE(REX_STATE_LANDING)
	movq %rdi, %rsp
	movq %rsi, %r11
	movq %rdx, %rdi
	movq %rcx, %rsi
	movq %r8, %rdx
	CALL_NOSPEC r11
	leave
	RET
SYM_FUNC_END(rex_stack_call)
STACK_FRAME_NON_STANDARD rex_stack_call
