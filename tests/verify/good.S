/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small object that obeys the contract, by hand. tests/unit/test_verify.c assembles and links it, and
 * then breaks one line of the contract at a time: in bytes, or here by defining BREAK_... .
 */
    .intel_syntax noprefix

.macro import name
    .section .text.__rex_import_\name, "ax", @progbits
    .p2align 4, 0xcc
    .globl __rex_import_\name
    .hidden __rex_import_\name
    .type __rex_import_\name, @function
__rex_import_\name:
    endbr64
    jmp qword ptr [rip + \name@GOTPCREL]
    .size __rex_import_\name, . - __rex_import_\name
    .fill 6, 1, 0xcc
.endm

.macro function name, linkage=local
    .p2align 4, 0xcc
    .\linkage \name
    .type \name, @function
\name:
.endm

.macro end name
    .size \name, . - \name
.endm

.macro prefix id
    .p2align 4, 0xcc
    .fill 11, 1, 0x90
    .byte 0xb8
    .long \id
.endm

.macro return
    jmp __x86_return_thunk
.endm

    .section .text, "ax", @progbits

/* Room for instructions that tests try: 32 bytes of nop from canvas + 4. */
function canvas
    push rbp
    mov rbp, rsp
    .fill 32, 1, 0x90
#ifdef BREAK_RETURN_SITES
    .byte 0x48, 0xb8, 0xe9 /* movabs rax, imm64: a jump to the return thunk is part of it */
    .long __x86_return_thunk - . - 4
    .byte 0, 0, 0
#endif
    pop rbp
    return
end canvas

    prefix 0x1234abcd
function callee
    endbr64
    push rbp
    mov rbp, rsp
    mov eax, 1
    pop rbp
    return
end callee

/* Never called, its address taken by a relocation. */
    prefix 0x55667788
function other
    endbr64
    mov eax, 2
    return
end other

/* Never returns; nothing follows the call. */
function fail
    push rbp
    mov rbp, rsp
    lea rdi, [rip + text]
    call __rex_import_rex_panic
end fail

function visible_fields
    push rbp
    mov rbp, rsp
    mov rax, [rip + rex_cpu@GOTPCREL]
    mov ecx, dword ptr gs:[rax + 8]
    mov edx, dword ptr gs:[rax + 12]
    mov rax, [rip + rex_cpu@GOTPCREL]
    cmp dword ptr gs:[rax + 8], 1
    call __rex_import_bpf_ktime_get_ns
    mov rcx, [rip + rex_off.xdp_buff.data@GOTPCREL]
    pop rbp
    return
end visible_fields

    .fill 16, 1, 0xcc /* room for a prefix that tests try */
function copy
    push rbp
    mov rbp, rsp
    lea rsi, [rip + text]
    lea rdi, [rip + counter]
    mov ecx, 4
    rep movsb
    pop rbp
    return
end copy

function __rex_panic_body, globl
    endbr64
    push rbp
    mov rbp, rsp
    xor eax, eax
    pop rbp
    return
end __rex_panic_body

function __rex_handle_timeout, globl
    endbr64
#ifdef BREAK_HANDLER
    nop
#endif
    jmp __rex_import_rex_timeout
end __rex_handle_timeout

#ifdef BREAK_UNUSED_ID
    /* Never called; and what it takes the address of is out of every bound. */
function taker
    lea rax, [rip + taken]
    return
end taker
    prefix 0x1234abcd
function taken
    endbr64
    sub rsp, 4096
    add rsp, 4096
    return
end taken
#endif

#ifdef NEED
/* Recursion, cut by a check as the pass puts it in front of a function. */
function recursive
    endbr64
    .byte 0x4c, 0x8d, 0x94, 0x24 /* lea r10, [rsp + disp32] */
    .long -NEED
    mov r11, [rip + rex_cpu@GOTPCREL]
    cmp r10, qword ptr gs:[r11]
    jb __rex_import_rex_stack_overflow
    .byte 0xe9 /* jmp rel32 */
    .long recursive.rex_body - . - 4
end recursive
function recursive.rex_body
    push rbp
    mov rbp, rsp
    test edi, edi
    je 1f
    dec edi
    call recursive
1:  pop rbp
    return
end recursive.rex_body
#endif

    .section .text.thunks, "ax", @progbits
    .hidden __x86_indirect_thunk_r11, __x86_return_thunk
function __x86_indirect_thunk_r11, globl
    jmp r11
end __x86_indirect_thunk_r11
    .fill 13, 1, 0xcc
function __x86_return_thunk, globl
    ret
end __x86_return_thunk
    .fill 15, 1, 0xcc

import rex_panic
import rex_timeout
import bpf_map_lookup_elem
import bpf_ktime_get_ns
#ifdef BREAK_IMPORT_TYPES
import bpf_clone_redirect
#endif
#ifdef BREAK_LICENSE
import rex_trace_printk
#endif
#ifdef NEED
import rex_stack_overflow
#endif
#ifdef BREAK_IMPORTS_KNOWN
import commit_creds
#endif

#ifndef FIRST
#define FIRST first
#endif
#ifndef FIRST_SECTION
#define FIRST_SECTION xdp
#define SECOND_SECTION kprobe/probed
#endif
    .section FIRST_SECTION, "ax", @progbits
function FIRST, globl
    endbr64
    push rbp
    mov rbp, rsp
    push rbx
    sub rsp, 24
    mov rbx, rdi
    call canvas
    call visible_fields
    call copy
    lea rsi, [rbp - 32]
    mov dword ptr [rsi], 0
    mov rdi, qword ptr [rip + maps_slot]
    call __rex_import_bpf_map_lookup_elem
    test rax, rax
    je 1f
    lock inc qword ptr [rax]
1:  lea r11, [rip + callee]
    mov r10d, -0x1234abcd
    add r10d, dword ptr [r11 - 4]
    je 2f
    ud2
2:  call __x86_indirect_thunk_r11
    cmp eax, 1
    jne 3f
    inc dword ptr [rip + counter]
#ifdef BREAK_IMPORT_TYPES
    call __rex_import_bpf_clone_redirect
#endif
#ifdef BREAK_LICENSE
    call __rex_import_rex_trace_printk
#endif
#ifdef BREAK_IMPORTS_KNOWN
    call __rex_import_commit_creds
#endif
#ifdef NEED
    mov edi, 3
    call recursive
#endif
    mov eax, 2
    add rsp, 24
    pop rbx
    pop rbp
    return
3:  call fail
    int3
end FIRST
    .p2align 4, 0xcc

    .section SECOND_SECTION, "ax", @progbits
function second, globl
    endbr64
    push rbp
    mov rbp, rsp
    xor eax, eax
    pop rbp
    return
end second
#ifdef BREAK_ALIAS
    .type alias, @function
    .set alias, second
    .size alias, . - second
#endif
    .p2align 4, 0xcc

    .section .rodata, "a", @progbits
    .type text, @object
text:
    .asciz "text that is read only"
end text

    .section .maps, "aw", @progbits
    .p2align 3
.macro map name, type, key, value, entries, flags
    .globl \name
    .type \name, @object
\name:
    .long \type, \key, \value, \entries, \flags, 0
    .quad 0, 0
    .size \name, 40
.endm
map counts, 1, 4, 8, 16, 0      /* BPF_MAP_TYPE_HASH */
map slots, 2, 4, 8, 16, 0       /* BPF_MAP_TYPE_ARRAY */
#ifdef BREAK_MAP_NAME
map dotted.name, 2, 4, 8, 16, 0
#endif
#ifdef BREAK_MAP_ALIAS
    .globl counts_too
    .type counts_too, @object
    .set counts_too, counts
    .size counts_too, 40
#endif
#ifdef BREAK_MAPS
    .long 2, 4, 8, 16, 0, 0
    .quad 0, 0
#endif
#ifdef BREAK_MAPS_SIZE
    .quad 0
#endif

    .section .data.rel.ro, "aw", @progbits
    .p2align 3
    .type table, @object
table:
    .quad other
    .quad text
maps_slot:
    .quad counts
    .quad 0, 0 /* room for relocations that tests try */
end table

    .section .data, "aw", @progbits
    .p2align 3
    .type counter, @object
counter:
    .quad 1
end counter

    .type private_table, @object
private_table:
    .quad 2
end private_table
    .type __one, @object
__one:
    .quad 3
end __one
    .type __two, @object
__two:
    .quad 4
end __two

    .section .bss, "aw", @nobits
    .p2align 3
    .type buffer, @object
buffer:
    .zero 64
end buffer

#ifdef BREAK_PROGRAMS
    .section xdp, "ax", @progbits
function hidden_program
    endbr64
    xor eax, eax
    return
end hidden_program
    .p2align 4, 0xcc
#endif

    .section .note.GNU-stack, "", @progbits
