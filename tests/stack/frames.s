# SPDX-License-Identifier: Apache-2.0
# One function for each way to make, use and leave a frame; tests/unit/test_frame.c has what is expected of
# each, by name.
	.include "object.inc"

	function leaf
	return
	end leaf

# A function that never returns, by proof and not by name.
	function stops
	call __rex_import_rex_panic
	end stops

	function spins
1:	jmp 1b
	end spins

# --- understood ---

	function push_only
	push rbx
	push r14
	pop r14
	pop rbx
	return
	end push_only

	function frame_pointer
	push rbp
	mov rbp, rsp
	sub rsp, 32
	mov [rbp - 32], rax
	mov rax, [rsp]
	call leaf
	add rsp, 32
	pop rbp
	return
	end frame_pointer

	function restored_by_mov
	push rbp
	mov rbp, rsp
	sub rsp, 4088
	mov rsp, rbp
	pop rbp
	return
	end restored_by_mov

	function restored_by_lea
	push rbp
	mov rbp, rsp
	push rbx
	sub rsp, 40
	lea rsp, [rbp - 8]
	pop rbx
	pop rbp
	return
	end restored_by_lea

	function enter_leave
	enter 32, 0
	call leaf
	leave
	return
	end enter_leave

	function lea_both_ways
	lea rsp, [rsp - 24]
	lea rsp, [rsp + 24]
	return
	end lea_both_ways

	function sub_negative
	push rax
	sub rsp, 120
	sub rsp, -128
	return
	end sub_negative

	function frame_pointer_above
	push rbp
	sub rsp, 64
	lea rbp, [rsp + 64]
	mov [rbp - 64], rax
	lea rsp, [rbp]
	pop rbp
	return
	end frame_pointer_above

# LLVM makes frames that are no multiple of 8 in functions that call nothing.
	function odd_leaf
	sub rsp, 4
	mov dword ptr [rsp], eax
	add rsp, 4
	return
	end odd_leaf

	function realigned
	push rbp
	mov rbp, rsp
	push r14
	push rbx
	and rsp, -64
	sub rsp, 320
	mov [rsp + 312], rax
	mov [rbp - 16], rax
	call leaf
	lea rsp, [rbp - 16]
	pop rbx
	pop r14
	pop rbp
	return
	end realigned

	function realigned_pushes
	push rbp
	mov rbp, rsp
	and rsp, -32
	sub rsp, 32
	push rax
	push rax
	call leaf
	add rsp, 16
	mov rsp, rbp
	pop rbp
	return
	end realigned_pushes

# A copy of rsp may go anywhere but back into rsp.
	function copy_of_rsp
	sub rsp, 24
	mov r14, rsp
	lea rdi, [rsp + 8]
	movzx eax, byte ptr [rsp + rax - 7]
	cmp r14, rsp
	add rsp, 24
	return
	end copy_of_rsp

	function push_rsp
	push rsp
	pop rax
	return
	end push_rsp

	function push_memory
	push qword ptr [rdi]
	push 1
	add rsp, 16
	return
	end push_memory

# X86FrameLowering::emitStackProbeInlineGenericLoop
	function probed
	push rbp
	mov rbp, rsp
	mov r11, rsp
	sub r11, 0x8000
1:	sub rsp, 4096
	mov qword ptr [rsp], 0
	cmp rsp, r11
	jne 1b
	sub rsp, 64
	call leaf
	add rsp, 0x8040
	pop rbp
	return
	end probed

	function probed_unrolled
	push rbp
	mov rbp, rsp
	sub rsp, 4096
	mov qword ptr [rsp], 0
	sub rsp, 4096
	mov qword ptr [rsp], 0
	sub rsp, 64
	mov rsp, rbp
	pop rbp
	return
	end probed_unrolled

# X86FrameLowering::BuildStackAlignAND with probes
	function probed_realigned
	push rbp
	mov rbp, rsp
	mov r11, rsp
	and r11, -8192
	cmp r11, rsp
	je 3f
	sub rsp, 4096
	cmp rsp, r11
	jb 2f
1:	mov qword ptr [rsp], 0
	sub rsp, 4096
	cmp r11, rsp
	jb 1b
2:	mov rsp, r11
	mov qword ptr [rsp], 0
3:	mov rsp, rbp
	pop rbp
	return
	end probed_realigned

	function tail_jump
	push rbx
	pop rbx
	jmp leaf
	end tail_jump

	function conditional_tail_jump
	test rdi, rdi
	je leaf
	je __x86_return_thunk
	push rax
	pop rax
	return
	end conditional_tail_jump

	function counted_loop
	push rbx
1:	dec rdi
	jne 1b
	jrcxz 2f
	loop 1b
2:	pop rbx
	return
	end counted_loop

	function endless
	push rax
1:	call leaf
	jmp 1b
	end endless

	function back_to_start
	dec rdi
	jne back_to_start
	return
	end back_to_start

	function ends_in_import
	push rax
	call __rex_import_rex_panic
	end ends_in_import

	function ends_in_proof
	push rax
	call stops
	end ends_in_proof

	function before_return
	push rax
	call spins
	pop rax
	return
	end before_return

	function after_proof
	test rdi, rdi
	je 1f
	push rax
	call spins
1:	return
	end after_proof

	function import_returns
	push rax
	call __rex_import_bpf_ktime_get_ns
	pop rcx
	return
	end import_returns

	function shrink_wrapped
	test rdi, rdi
	je 1f
	push rbp
	mov rbp, rsp
	call leaf
	pop rbp
1:	return
	end shrink_wrapped

	function rbp_as_register
	push rbp
	test rdi, rdi
	je 1f
	mov rbp, rdi
1:	mov [rbp - 1000], rax
	pop rbp
	return
	end rbp_as_register

	typed member, 0x12345678
	push rax
	pop rax
	return
	end member

	function through_pointer
	push rax
	lea r11, [rip + member]
	indirect_call 0x12345678
	pop rax
	return
	end through_pointer

	function jumps_through_pointer
	indirect_jump 0x12345678
	end jumps_through_pointer

	function gs_relative
	mov rax, gs:[rsp - 8]
	return
	end gs_relative

	function dead_code
	return
	sub rsp, rax
	int3
	.byte 0x06
	end dead_code

# --- wrong, or not understood ---

	function alloca
	push rbp
	mov rbp, rsp
	sub rsp, rax
	mov rsp, rbp
	pop rbp
	return
	end alloca

	function sub_memory
	sub rsp, [rdi]
	return
	end sub_memory

	function red_zone_store
	mov [rsp - 8], rax
	return
	end red_zone_store

	function red_zone_load
	push rbp
	mov rbp, rsp
	sub rsp, 32
	mov rax, [rbp - 40]
	add rsp, 32
	pop rbp
	return
	end red_zone_load

	function red_zone_realigned
	push rbp
	mov rbp, rsp
	and rsp, -64
	mov [rbp - 8], rax
	mov rsp, rbp
	pop rbp
	return
	end red_zone_realigned

	function rsp_from_register
	mov rax, rsp
	mov rsp, rax
	return
	end rsp_from_register

	function rsp_exchanged
	xchg rsp, rax
	return
	end rsp_exchanged

	function rsp_from_memory
	mov rsp, [rdi]
	return
	end rsp_from_memory

	function rsp_conditional
	cmove rsp, rax
	return
	end rsp_conditional

	function rsp_from_lost_rbp
	push rbp
	mov rbp, rdi
	mov rsp, rbp
	pop rbp
	return
	end rsp_from_lost_rbp

	function rsp_from_callers_rbp
	mov rsp, rbp
	return
	end rsp_from_callers_rbp

	function lea_other
	lea rsp, [rax - 8]
	return
	end lea_other

	function lea_index
	lea rsp, [rsp + rax - 8]
	return
	end lea_index

	function half_of_rsp
	sub esp, 8
	add esp, 8
	return
	end half_of_rsp

	function pop_rsp
	push rax
	pop rsp
	return
	end pop_rsp

	function pop_memory
	push rax
	pop qword ptr [rdi]
	return
	end pop_memory

	function push_flags
	pushfq
	pop rax
	return
	end push_flags

	function push_narrow
	push ax
	pop ax
	return
	end push_narrow

	function pop_narrow
	push rax
	pop ax
	return
	end pop_narrow

	function leave_narrow
	.byte 0x66
	leave
	return
	end leave_narrow

	function enter_nested
	enter 32, 1
	leave
	return
	end enter_nested

	function misaligned_call
	sub rsp, 4
	call leaf
	add rsp, 4
	return
	end misaligned_call

	function misaligned_realign
	push rbp
	mov rbp, rsp
	sub rsp, 4
	and rsp, -64
	mov rsp, rbp
	pop rbp
	return
	end misaligned_realign

	function realigned_twice
	push rbp
	mov rbp, rsp
	and rsp, -64
	and rsp, -128
	mov rsp, rbp
	pop rbp
	return
	end realigned_twice

	function realigned_oddly
	push rbp
	mov rbp, rsp
	and rsp, -48
	mov rsp, rbp
	pop rbp
	return
	end realigned_oddly

	function merge
	push rbx
	test rdi, rdi
	je 1f
	push rax
1:	pop rax
	return
	end merge

	function pushing_loop
1:	push rax
	dec rdi
	jne 1b
	return
	end pushing_loop

	function popping_loop
	sub rsp, 64
1:	pop rax
	dec rdi
	jne 1b
	return
	end popping_loop

	function merge_realigned
	push rbp
	mov rbp, rsp
	test rdi, rdi
	je 1f
	and rsp, -64
1:	call leaf
	mov rsp, rbp
	pop rbp
	return
	end merge_realigned

	function return_too_deep
	push rax
	return
	end return_too_deep

	function tail_jump_too_deep
	push rax
	jmp leaf
	end tail_jump_too_deep

	function conditional_return_too_deep
	push rax
	je __x86_return_thunk
	pop rax
	return
	end conditional_return_too_deep

	function indirect_jump_too_deep
	push rax
	indirect_jump 0x12345678
	end indirect_jump_too_deep

	function rbp_lost
	mov rbp, rdi
	return
	end rbp_lost

	function rbp_half_lost
	mov bpl, 1
	return
	end rbp_half_lost

	function rbp_from_other_slot
	push rbp
	push rbx
	pop rbp
	pop rbx
	return
	end rbp_from_other_slot

	function rbp_slot_released
	push rbp
	add rsp, 8
	push rbx
	pop rbp
	return
	end rbp_slot_released

	function rbp_saved_on_one_path
	test rdi, rdi
	je 1f
	push rbp
	jmp 2f
1:	push rax
2:	pop rbp
	return
	end rbp_saved_on_one_path

	function rbp_saved_on_other_path
	test rdi, rdi
	je 1f
	push rax
	jmp 2f
1:	push rbp
2:	pop rbp
	return
	end rbp_saved_on_other_path

	function rbp_lost_on_one_path
	test rdi, rdi
	je 1f
	mov rbp, rdi
1:	return
	end rbp_lost_on_one_path

	function frame_pointer_at_return
	push rbp
	mov rbp, rsp
	add rsp, 8
	return
	end frame_pointer_at_return

	function above_entry
	pop rax
	push rax
	return
	end above_entry

	function add_above_entry
	push rax
	add rsp, 16
	return
	end add_above_entry

	function above_realigned
	push rbp
	mov rbp, rsp
	and rsp, -64
	pop rax
	mov rsp, rbp
	pop rbp
	return
	end above_realigned

	function overwrites_return
	mov [rsp], rax
	return
	end overwrites_return

# A full fence on the saved rbp, and the same with a bit that changes it.
	function fence_on_saved_rbp
	push rbp
	mov rbp, rsp
	lock or dword ptr [rsp], 0
	pop rbp
	return
	end fence_on_saved_rbp

	function or_on_saved_rbp
	push rbp
	mov rbp, rsp
	lock or dword ptr [rsp], 1
	pop rbp
	return
	end or_on_saved_rbp

	function overwrites_return_byte
	sub rsp, 16
	mov byte ptr [rsp + 23], al
	add rsp, 16
	return
	end overwrites_return_byte

# rbp as an index is rbp all the same: [rbp*1 + 8]
	function overwrites_return_by_index
	push rbp
	mov rbp, rsp
	.byte 0x48, 0xc7, 0x04, 0x2d
	.long 8, 0
	pop rbp
	return
	end overwrites_return_by_index

	function overwrites_return_from_below
	push rax
	mov qword ptr [rsp + 1], rax
	pop rax
	return
	end overwrites_return_from_below

	function increments_return
	push rbp
	mov rbp, rsp
	inc qword ptr [rbp + 8]
	pop rbp
	return
	end increments_return

	function overwrites_saved
	push rbp
	mov rbp, rsp
	mov [rbp], rax
	pop rbp
	return
	end overwrites_saved

	function overwrites_from_realigned
	push rbp
	mov rbp, rsp
	and rsp, -64
	sub rsp, 64
	mov [rsp + 64], rax
	mov rsp, rbp
	pop rbp
	return
	end overwrites_from_realigned

	function falls_through
	push rax
	pop rax
	end falls_through

	function call_falls_through
	push rax
	call leaf
	end call_falls_through

	function import_falls_through
	push rax
	call __rex_import_bpf_ktime_get_ns
	end import_falls_through

	function branch_falls_through
	je leaf
	end branch_falls_through

	function reaches_int3
	push rax
	int3
	pop rax
	return
	end reaches_int3

	function too_large
	sub rsp, 0x20000000
	add rsp, 0x20000000
	return
	end too_large

	function unchecked_call
	push rax
	call __x86_indirect_thunk_r11
	pop rax
	return
	end unchecked_call

	function checks_other_register
	push rax
	.byte 0x41, 0xba
	.long -0x12345678
	add r10d, dword ptr [rax - 4]
	je 1f
	ud2
1:	call __x86_indirect_thunk_r11
	pop rax
	return
	end checks_other_register

	function conditional_indirect
	je __x86_indirect_thunk_r11
	return
	end conditional_indirect

	function calls_return_thunk
	push rax
	call __x86_return_thunk
	pop rax
	return
	end calls_return_thunk

	function bare_return
	ret
	end bare_return

	function bare_return_pops
	ret 8
	end bare_return_pops

	function bare_jump
	jmp rax
	end bare_jump

	function bare_call
	push rax
	call [rdi]
	pop rax
	return
	end bare_call

	function system_call
	syscall
	return
	end system_call

	function undecodable
	.byte 0x06
	return
	end undecodable

	function cut_off
	.byte 0x48, 0x8b
	end cut_off

	function into_instruction
	jmp 1f + 2
1:	mov eax, 0x12345678
	return
	end into_instruction

	function into_other_function
	jmp frame_pointer + 1
	end into_other_function

	function calls_own_middle
	push rax
	call 1f
1:	pop rax
	return
	end calls_own_middle

	function into_probe
	push rbp
	mov rbp, rsp
	test rdi, rdi
	je 1f
	mov r11, rsp
	sub r11, 0x8000
1:	sub rsp, 4096
	mov qword ptr [rsp], 0
	cmp rsp, r11
	jne 1b
	mov rsp, rbp
	pop rbp
	return
	end into_probe

	function into_probe_later
	push rbp
	mov rbp, rsp
	mov r11, rsp
	sub r11, 0x8000
1:	sub rsp, 4096
2:	mov qword ptr [rsp], 0
	cmp rsp, r11
	jne 1b
	test rdi, rdi
	je 2b
	mov rsp, rbp
	pop rbp
	return
	end into_probe_later

	function probe_of_part_pages
	push rbp
	mov rbp, rsp
	mov r11, rsp
	sub r11, 0x8008
1:	sub rsp, 4096
	mov qword ptr [rsp], 0
	cmp rsp, r11
	jne 1b
	mov rsp, rbp
	pop rbp
	return
	end probe_of_part_pages

	function probe_without_limit
	push rbp
	mov rbp, rsp
1:	sub rsp, 4096
	mov qword ptr [rsp], 0
	cmp rsp, r11
	jne 1b
	mov rsp, rbp
	pop rbp
	return
	end probe_without_limit
	end probe_without_limit

	.include "hostile.inc"
