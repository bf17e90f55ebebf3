/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One stub per function of imports.def: program text calls import_NAME, which runs the C function
 * host_NAME on the thread's own stack. A listed function that nobody wrote is an error of the
 * compiler (imports.c) and of the linker (here).
 */
#include "runtime/user/cpu.h"

    .macro import_stub name, next
    .globl import_\name
    .hidden import_\name
    .type import_\name, @function
    .p2align 4
import_\name:
    endbr64
    leaq host_\name(%rip), %rax
    jmp \next
    .size import_\name, . - import_\name
    .endm

    .macro import_RETURNS name
    import_stub \name, import_call
    .endm

    .macro import_NORETURN name
    import_stub \name, import_leave
    .endm

/* Imports take at most five arguments, all in registers, which this leaves as they are. C keeps
 * rbp. */
    .macro enter_host
    pushq %rbp
    movq %rsp, %rbp
    movq %rbp, %gs:CPU_PROGRAM_FRAME
    movq %gs:CPU_HOST_STACK, %rsp
    call *%rax
    .endm

    .text
    .type import_call, @function
    .p2align 4
import_call:
    enter_host
    cmpb $0, %gs:CPU_ATTENTION
    jne 1f
    movq %rbp, %rsp
    popq %rbp
    ret
1:  call cpu_attention
    movq %rbp, %rsp
    popq %rbp
    jmp *%rax
    .size import_call, . - import_call

    .type import_leave, @function
    .p2align 4
import_leave:
    enter_host
    jmp stack_abandon
    .size import_leave, . - import_leave

#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature) import_##returns name
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind)
#include "runtime/abi/imports.def"

    .section .note.GNU-stack, "", @progbits
