/* SPDX-License-Identifier: Apache-2.0 */
/* The two ways between the thread's own stack and a program's (see cpu.h). */
#include "runtime/user/cpu.h"

    .text

/* uint64_t stack_call(top, function, first, second, third) */
    .globl stack_call
    .hidden stack_call
    .type stack_call, @function
    .p2align 4
stack_call:
    endbr64
    pushq %rbp
    movq %rsp, %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    /* Calls nest (the panic body runs inside an import). With this eighth word rsp is a multiple of
     * 16, as a stub's call of an import needs it. */
    pushq %gs:CPU_HOST_STACK
    movq %rsp, %gs:CPU_HOST_STACK
    movq %rdi, %rsp
    movq %rsi, %rax
    movq %rdx, %rdi
    movq %rcx, %rsi
    movq %r8, %rdx
    xorl %ebp, %ebp /* the end of the chain of frames */
    cld
    call *%rax
stack_return:
    cld /* whatever program text did */
    movq %gs:CPU_HOST_STACK, %rsp
    popq %gs:CPU_HOST_STACK
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size stack_call, . - stack_call

/* The landing pad: entered by a jump, from a stub or by a signal handler that rewrites rip, with
 * whatever registers program text had. */
    .globl stack_abandon
    .hidden stack_abandon
    .type stack_abandon, @function
    .p2align 4
stack_abandon:
    endbr64
    xorl %eax, %eax
    jmp stack_return
    .size stack_abandon, . - stack_abandon

    .globl stack_fault
    .hidden stack_fault
    .type stack_fault, @function
    .p2align 4
stack_fault:
    endbr64
    cld
    movq %gs:CPU_HOST_STACK, %rsp
    xorl %ebp, %ebp
    call cpu_fault
    jmp stack_abandon
    .size stack_fault, . - stack_fault

    .section .note.GNU-stack, "", @progbits
