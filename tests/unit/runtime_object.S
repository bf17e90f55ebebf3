/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that misbehave in one way each, for test_runtime.c: the runtime has to cope with what a
 * verified object cannot do, too. Written by hand, so that each is exactly what its name says.
 */
    .macro import name
    .globl __rex_import_\name
    .hidden __rex_import_\name
    .type __rex_import_\name, @function
__rex_import_\name:
    endbr64
    jmp *\name@GOTPCREL(%rip)
    .size __rex_import_\name, . - __rex_import_\name
    .endm

    .macro program name, section=xdp
    .section \section, "ax", @progbits
    .globl \name
    .type \name, @function
    .p2align 4
\name:
    endbr64
    pushq %rbp
    movq %rsp, %rbp
    .endm

    .macro return name, value
    movl $\value, %eax
    popq %rbp
    ret
    .size \name, . - \name
    .endm

    .macro map name, type, key, value, entries
    .section .maps, "aw", @progbits
    .globl \name
    .type \name, @object
    .p2align 3
\name:
    .long \type, \key, \value, \entries, 0, 0
    .quad 0, 0
    .size \name, 40
    .endm

    .section .text, "ax", @progbits
    import rex_panic
    import rex_timeout
    import rex_stack_overflow
    import rex_spin_lock
    import rex_spin_unlock
    import rex_ringbuf_reserve
    import rex_ringbuf_submit
    import rex_trace_printk
    import bpf_map_lookup_elem
    import bpf_ktime_get_ns
    import bpf_xdp_adjust_tail
    import bpf_clone_redirect
    import rex_task_from_pid
    import rex_task_release
    import bpf_get_current_task
    import bpf_probe_read_kernel
    import bpf_get_stackid_pe
    import bpf_perf_event_output_tp
    import rex_override_return

    .globl __rex_handle_timeout
    .type __rex_handle_timeout, @function
__rex_handle_timeout:
    endbr64
    jmp __rex_import_rex_timeout
    .size __rex_handle_timeout, . - __rex_handle_timeout

/* size_t __rex_panic_body(info, buffer, size): what it does is the number at info. */
    .globl __rex_panic_body
    .type __rex_panic_body, @function
__rex_panic_body:
    endbr64
    pushq %rbp
    movq %rsp, %rbp
    movl (%rdi), %eax
    cmpl $1, %eax
    je 1f
    cmpl $2, %eax
    je 2f
    cmpl $3, %eax
    je 3f
    cmpl $4, %eax
    je 4f
    cmpl $5, %eax
    je 5f
    movl $0x6c6c6157, (%rsi) /* "Wall" */
    movl $4, %eax
    popq %rbp
    ret
1:  jmp 1b
2:  call __rex_import_rex_panic
3:  movl %eax, 0
4:  call 4b
5:  call __rex_import_bpf_ktime_get_ns
    jmp 5b
    .size __rex_panic_body, . - __rex_panic_body

    .section .rodata, "a", @progbits
panic_plain: .long 0
panic_loops: .long 1
panic_panics: .long 2
panic_faults: .long 3
panic_overflows: .long 4
panic_calls: .long 5
text: .ascii "hello\n"

map array, 2, 4, 8, 4
map ring, 27, 0, 0, 4096
map stacks, 7, 4, 1016, 64
map events, 4, 4, 4, 4

program pass
return pass, 2

program unknown_verdict
return unknown_verdict, 77

    /* The address of element 0 of map array, in rax. */
    .macro element
    subq $16, %rsp
    movl $0, -8(%rbp)
    movq array@GOTPCREL(%rip), %rdi
    movq 24(%rdi), %rdi
    leaq -8(%rbp), %rsi
    call __rex_import_bpf_map_lookup_elem
    addq $16, %rsp
    .endm

program count
    element
    incq (%rax)
return count, 1

    /* Panics when the packet's first byte is not 0. */
program panic_sometimes
    movq 0(%rdi), %rax
    cmpb $0, (%rax)
    je 1f
    leaq panic_plain(%rip), %rdi
    call __rex_import_rex_panic
1:
return panic_sometimes, 2

    .macro panic_program name, info
program \name
    leaq \info(%rip), %rdi
    call __rex_import_rex_panic
    int3
    .size \name, . - \name
    .endm
panic_program panic, panic_plain
panic_program panic_body_loops, panic_loops
panic_program panic_body_panics, panic_panics
panic_program panic_body_faults, panic_faults
panic_program panic_body_overflows, panic_overflows
panic_program panic_body_calls, panic_calls

program loop
1:  jmp 1b
    .size loop, . - loop

    /* Inside one string instruction for much longer than the limit. */
program loop_in_copy
1:  leaq scratch(%rip), %rdi
    movq %rdi, %rsi
    movl $4096, %ecx
    rep movsb
    jmp 1b
    .size loop_in_copy, . - loop_in_copy

    /* Nearly always in an import when the time is up. */
program loop_in_helper
1:  call __rex_import_bpf_ktime_get_ns
    jmp 1b
    .size loop_in_helper, . - loop_in_helper

    .macro lock
    element
    movq %rax, %rdi
    movq %rax, %rbx
    call __rex_import_rex_spin_lock
    .endm

program lock_and_loop
    lock
1:  jmp 1b
    .size lock_and_loop, . - lock_and_loop

program lock_and_panic
    lock
    leaq panic_plain(%rip), %rdi
    call __rex_import_rex_panic
    int3
    .size lock_and_panic, . - lock_and_panic

    /* The second lock's answer is the verdict. */
program lock_twice
    pushq %rbx
    pushq %rbx
    lock
    movq %rbx, %rdi
    call __rex_import_rex_spin_lock
    movl %eax, -12(%rbp)
    movq %rbx, %rdi
    call __rex_import_rex_spin_unlock
    movl -12(%rbp), %eax
    popq %rbx
    popq %rbx
    popq %rbp
    ret
    .size lock_twice, . - lock_twice

program return_with_lock
    pushq %rbx
    pushq %rbx
    lock
    popq %rbx
    popq %rbx
return return_with_lock, 2

    .macro reserve
    movq ring@GOTPCREL(%rip), %rdi
    movq 24(%rdi), %rdi
    movl $16, %esi
    xorl %edx, %edx
    call __rex_import_rex_ringbuf_reserve
    .endm

program reserve_and_panic
    reserve
    leaq panic_plain(%rip), %rdi
    call __rex_import_rex_panic
    int3
    .size reserve_and_panic, . - reserve_and_panic

program reserve_and_submit
    reserve
    testq %rax, %rax
    je 1f
    movq $0x1234, (%rax)
    movq $0x5678, 8(%rax)
    movq %rax, %rdi
    xorl %esi, %esi
    call __rex_import_rex_ringbuf_submit
1:
return reserve_and_submit, 2

    /* Gives back what it never had: the verdict is the answer. */
program submit_forged
    leaq scratch(%rip), %rdi
    xorl %esi, %esi
    call __rex_import_rex_ringbuf_submit
    popq %rbp
    ret
    .size submit_forged, . - submit_forged

program failed_check
    call __rex_import_rex_stack_overflow
    int3
    .size failed_check, . - failed_check

program run_off_stack
1:  call 1b
    .size run_off_stack, . - run_off_stack

    /* A frame that steps over a page of guard. */
program big_frame
    subq $0x20000, %rsp
    movq %rax, (%rsp)
    int3
    .size big_frame, . - big_frame

program fault_null
    movl %eax, 8
    int3
    .size fault_null, . - fault_null

program fault_jump
    movl $0x1000, %eax
    jmp *%rax
    .size fault_jump, . - fault_jump

program fault_ud2
    ud2
    .size fault_ud2, . - fault_ud2

program fault_divide
    xorl %ecx, %ecx
    divl %ecx
    .size fault_divide, . - fault_divide

program fault_padding
    int3
    .size fault_padding, . - fault_padding

program write_text
    leaq pass(%rip), %rax
    movb $0xc3, (%rax)
return write_text, 2

program write_relro
    movq array@GOTPCREL(%rip), %rax
    movq $0, 24(%rax)
return write_relro, 2

program execute_data
    leaq scratch(%rip), %rax
    movb $0xc3, (%rax)
    call *%rax
return execute_data, 2

    /* Comes back as the ABI does not allow: registers and direction flag are not as they were. */
program clobber
    popq %rbp
    movq $-1, %rbx
    movq %rbx, %r12
    movq %rbx, %r13
    movq %rbx, %r14
    movq %rbx, %r15
    movq %rbx, %rbp
    std
    movl $1, %eax
    ret
    .size clobber, . - clobber

program print
    leaq text(%rip), %rdi
    movl $6, %esi
    call __rex_import_rex_trace_printk
return print, 2

    /* Grows the packet by 4 bytes and fills them. */
program grow
    pushq %rbx
    pushq %rbx
    movq %rdi, %rbx
    movl $4, %esi
    call __rex_import_bpf_xdp_adjust_tail
    movq 8(%rbx), %rax
    movl $0x44434241, -4(%rax)
    popq %rbx
    popq %rbx
return grow, 3

program clone, tc
    movl $5, %esi
    xorl %edx, %edx
    call __rex_import_bpf_clone_redirect
    popq %rbp
    ret
    .size clone, . - clone

    /* The verdict is sk_buff.vlan_tci. */
program vlan, tc
    movq rex_off.sk_buff.vlan_tci@GOTPCREL(%rip), %rax
    movzwl (%rdi,%rax), %eax
    popq %rbp
    ret
    .size vlan, . - vlan

    /* The verdict is the first argument of the probed function; the result becomes -5. */
program probe, kprobe
    pushq %rbx
    pushq %rbx
    movq 112(%rdi), %rbx /* pt_regs.rdi */
    movq $-5, %rsi
    call __rex_import_rex_override_return
    movl %ebx, %eax
    popq %rbx
    popq %rbx
    popq %rbp
    ret
    .size probe, . - probe

    /* The verdict is the current task's pid when rex_task_from_pid() finds it. */
program current, kprobe
    call __rex_import_bpf_get_current_task
    movq rex_off.task_struct.pid@GOTPCREL(%rip), %rcx
    movslq (%rax,%rcx), %rdi
    call __rex_import_rex_task_from_pid
    testq %rax, %rax
    je 1f
    movq rex_off.task_struct.pid@GOTPCREL(%rip), %rcx
    pushq (%rax,%rcx)
    pushq %rax
    movq %rax, %rdi
    call __rex_import_rex_task_release
    popq %rax
    popq %rax
1:  popq %rbp
    ret
    .size current, . - current

    /* The verdict is the 32 bits that the first argument points to, or the error of the read. */
program read_memory, kprobe
    subq $16, %rsp
    movq 112(%rdi), %rdx
    leaq -8(%rbp), %rdi
    movl $4, %esi
    call __rex_import_bpf_probe_read_kernel
    testq %rax, %rax
    jne 1f
    movl -8(%rbp), %eax
1:  addq $16, %rsp
    popq %rbp
    ret
    .size read_memory, . - read_memory

    /* The verdict is the second field of the event; the event goes out. */
program trace, tracepoint/test/event
    pushq %rbx
    pushq %rbx
    movq 16(%rdi), %rbx
    movq %rdi, %rcx
    movq events@GOTPCREL(%rip), %rsi
    movq 24(%rsi), %rsi
    movl $0xffffffff, %edx
    movl $24, %r8d
    call __rex_import_bpf_perf_event_output_tp
    movl %ebx, %eax
    popq %rbx
    popq %rbx
    popq %rbp
    ret
    .size trace, . - trace

    /* The verdict is the stack's id. */
program sample, perf_event
    movq stacks@GOTPCREL(%rip), %rsi
    movq 24(%rsi), %rsi
    xorl %edx, %edx
    call __rex_import_bpf_get_stackid_pe
    popq %rbp
    ret
    .size sample, . - sample

    .section .data, "aw", @progbits
    .p2align 4
scratch: .zero 8192

    .section .note.GNU-stack, "", @progbits
