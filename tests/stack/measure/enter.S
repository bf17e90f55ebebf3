/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cpu_run() and the runtime's panic handling enter in place of a program and its panic body: sets
 * the stack limit that a test asks for, turns single-stepping on, and goes on to the real entry with rsp
 * as it was. The trap flag takes effect after the instruction that follows popfq, so the first trap
 * is at the entry itself (Intel SDM volume 3, "Single-Step Exception Condition").
 */
#include "runtime/user/cpu.h"

    .text
    .macro entry name, target, limit
    .globl \name
    .hidden \name
    .type \name, @function
    .p2align 4
\name:
    endbr64
    movq \limit(%rip), %rax
    testq %rax, %rax
    je 1f
    movq %rax, %gs:REX_CPU_STACK_LIMIT
1:  movq \target(%rip), %rax
    cmpq $0, step_flag(%rip)
    je 2f
    pushfq
    orq $0x100, (%rsp)
    popfq
2:  jmp *%rax
    .size \name, . - \name
    .endm

    entry step_enter_program, step_program_entry, step_program_limit
    entry step_enter_panic, step_panic_entry, step_panic_limit

/* Where an import returns to while stepping; step_return_address is where it would have. */
    .globl step_resume
    .hidden step_resume
    .type step_resume, @function
    .p2align 4
step_resume:
    endbr64
    pushq step_return_address(%rip)
    pushfq
    orq $0x100, (%rsp)
    popfq
    ret
    .size step_resume, . - step_resume

    .section .note.GNU-stack, "", @progbits
