/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The way into a program and out of it. A program's trampoline is a copy of the template below; an eBPF
 * stub's first instruction jumps to it, so it stands for the stub's function: u32 (*)(context, insns).
 *
 * The frames that landings go back to are all the same: r15 r14 r13 r12 rbx rbp, return address.
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

	.macro push_frame
	pushq %rbp
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
	popq %rbp
	.endm

	/* Data here: only copies of it are executed. rdi is the context. */
	.section .rodata
	.balign 16
SYM_DATA_START(rex_trampoline_template)
	movabsq $0, %rsi
SYM_INNER_LABEL(rex_trampoline_program, SYM_L_GLOBAL) /* the 8 bytes before */
	incl %gs:REX_PREEMPT_COUNT
	cmpq $0, STATE(REX_STATE_PROGRAM)
	.byte 0x0f, 0x85 /* jne */
	.long 0
SYM_INNER_LABEL(rex_trampoline_nested, SYM_L_GLOBAL) /* the 4 bytes before */
	pushfq
	popq %rax
	testl $X86_EFLAGS_IF, %eax
	.byte 0x0f, 0x84 /* jz */
	.long 0
SYM_INNER_LABEL(rex_trampoline_masked, SYM_L_GLOBAL) /* the 4 bytes before */
	movq %rsi, STATE(REX_STATE_PROGRAM)
	push_frame
	movq %rsp, STATE(REX_STATE_LANDING)
	movb $REX_TERMINATION_PROGRAM, STATE(REX_CPU_TERMINATION)
	incq STATE(REX_STATE_NUMBER)
	movq REX_PROGRAM_STATISTICS(%rsi), %rax
	incq %gs:(%rax)
	movq STATE(REX_STATE_STACK_TOP), %rsp
	.byte 0xe8 /* call */
	.long 0
SYM_INNER_LABEL(rex_trampoline_entry, SYM_L_GLOBAL) /* the 4 bytes before */
	.byte 0xe9 /* jmp */
	.long 0
SYM_INNER_LABEL(rex_trampoline_leave, SYM_L_GLOBAL) /* the 4 bytes before */
SYM_INNER_LABEL(rex_trampoline_end, SYM_L_GLOBAL)
SYM_DATA_END(rex_trampoline_template)

	.text

SYM_FUNC_START(rex_enter_aside)
	ANNOTATE_NOENDBR /* only direct jumps lead here */
	call rex_run_aside
	decl %gs:REX_PREEMPT_COUNT
	jz .Lreschedule
	RET
SYM_FUNC_END(rex_enter_aside)
STACK_FRAME_NON_STANDARD rex_enter_aside

/* Entered with whatever registers program text had, by a jump or from an interrupt's return. */
SYM_FUNC_START(rex_land)
	ENDBR
	xorl %eax, %eax
SYM_INNER_LABEL(rex_leave, SYM_L_GLOBAL)
	ANNOTATE_NOENDBR /* only direct jumps lead here */
	cld /* whatever program text did */
	movq STATE(REX_STATE_LANDING), %rsp
	pop_frame
	cmpl $0, STATE(REX_STATE_PENDING)
	jne .Lpending
.Ldone:
	movq $0, STATE(REX_STATE_PROGRAM)
	decl %gs:REX_PREEMPT_COUNT
	jz .Lreschedule
	RET
.Lpending:
	cmpb $0, STATE(REX_STATE_INNER)
	jne .Lreturn
	movl %eax, %edi
	call rex_settle
	jmp .Ldone
.Lreschedule:
	pushq %rax
	call rex_reschedule
	popq %rax
.Lreturn:
	RET
SYM_FUNC_END(rex_land)
STACK_FRAME_NON_STANDARD rex_land

SYM_FUNC_START(rex_stack_call)
	ANNOTATE_NOENDBR
	push_frame
	movq %rsp, STATE(REX_STATE_LANDING)
	movq %rdi, %rsp
	movq %rsi, %r11
	movq %rdx, %rdi
	movq %rcx, %rsi
	movq %r8, %rdx
	CALL_NOSPEC r11
	cld
	movq STATE(REX_STATE_LANDING), %rsp
	pop_frame
	RET
SYM_FUNC_END(rex_stack_call)
STACK_FRAME_NON_STANDARD rex_stack_call
