# SPDX-License-Identifier: Apache-2.0
# A small object with a bit of everything: two programs, a recursion with its check, calls through
# pointers in a table and in code, a realigned frame, a panic body. Seed of the fuzzer (tests/fuzz/corpus/stack).
	.include "object.inc"
	import rex_stack_overflow

	function __rex_handle_timeout
	endbr64
	jmp __rex_import_rex_timeout
	end __rex_handle_timeout

	function __rex_panic_body
	push rbp
	mov rbp, rsp
	sub rsp, 64
	add rsp, 64
	pop rbp
	return
	end __rex_panic_body

	typed first, 0x12345678
	push rbx
	pop rbx
	return
	end first

	typed second, 0x12345678
	jmp realigned
	end second

	function realigned
	push rbp
	mov rbp, rsp
	and rsp, -64
	sub rsp, 128
	call __rex_import_bpf_ktime_get_ns
	mov rsp, rbp
	pop rbp
	return
	end realigned

	function recursive
	endbr64
	.byte 0x4c, 0x8d, 0x94, 0x24
	.long -64
	mov r11, [rip + rex_cpu@GOTPCREL]
	cmp r10, gs:[r11]
	.byte 0x0f, 0x82
	.long __rex_import_rex_stack_overflow - . - 4
	.byte 0xe9
	.long recursive.rex_body - . - 4
	end recursive

	.section .text.recursive.rex_body,"ax",@progbits
	.p2align 4, 0xcc
	.type recursive.rex_body,@function
recursive.rex_body:
	push rbp
	mov rbp, rsp
	sub rsp, 48
	dec rdi
	je 1f
	call recursive
1:	add rsp, 48
	pop rbp
	return
	.size recursive.rex_body, . - recursive.rex_body

	.section xdp,"ax",@progbits
	.p2align 4, 0xcc
	.globl by_table
	.type by_table,@function
by_table:
	endbr64
	push rax
	mov r11, [rip + table]
	lea rax, [rip + second]
	indirect_call 0x12345678
	pop rcx
	return
	.size by_table, . - by_table

	.p2align 4, 0xcc
	.globl by_recursion
	.type by_recursion,@function
by_recursion:
	endbr64
	push rax
	call recursive
	test rax, rax
	je 1f
	call __rex_import_rex_panic
1:	pop rcx
	return
	.size by_recursion, . - by_recursion

	.section .data.rel.ro,"aw",@progbits
	.p2align 3
table:	.quad first
