# SPDX-License-Identifier: Apache-2.0
# Virtual calls as the pass leaves them: each checks an id for (id of the functions, slot), of which .rex_slots tells,
# and the tables have symbols. tests/unit/test_slots.c has what becomes of them.
	.include "object.inc"

	.macro method name, id
	typed \name, \id
	push rbx
	pop rbx
	return
	end \name
	.endm

# A function whose call checks the id.
	.macro caller name, id
	function \name
	push rbx
	indirect_call \id
	pop rbx
	return
	end \name
	.endm

	.macro record tag, id, slot
	.pushsection .rex_slots,"",@progbits
	.long \tag, \id, \slot
	.popsection
	.endm

# Begins a table: no drop function, size 8, alignment 8.
	.macro table name
	.section .data.rel.ro,"aw",@progbits
	.p2align 3
	.type __rex_vtable.\name,@object
__rex_vtable.\name:
	.quad 0, 8, 8
	.endm

	.macro end_table name
	.size __rex_vtable.\name, . - __rex_vtable.\name
	.endm

# --- told apart: two methods of one type of function, a third that nothing calls ---
	record 0x1018, 0x1000, 24
	record 0x1020, 0x1000, 32
	method apart_first, 0x1000
	method apart_second, 0x1000
	method apart_uncalled, 0x1000
	method apart_other_first, 0x1000
	caller calls_apart_first, 0x1018
	caller calls_apart_second, 0x1020
	table apart
	.quad apart_first, apart_second, apart_uncalled
	end_table apart
	table apart_other
	.quad apart_other_first, 0
	end_table apart_other

# --- a pointer to a function of the type is elsewhere, too ---
	record 0x2018, 0x2000, 24
	record 0x2020, 0x2000, 32
	method pointer_first, 0x2000
	method pointer_second, 0x2000
	method pointer_free, 0x2000
	caller calls_pointer_first, 0x2018
	caller calls_pointer_second, 0x2020
	table pointer
	.quad pointer_first, pointer_second
	end_table pointer
	.quad pointer_free

# --- the same, taken by code ---
	record 0x3018, 0x3000, 24
	record 0x3020, 0x3000, 32
	method code_first, 0x3000
	method code_second, 0x3000
	caller calls_code_first, 0x3018
	caller calls_code_second, 0x3020
	table code
	.quad code_first, code_second
	end_table code
	function takes_code_first
	lea rax, [rip + code_first]
	return
	end takes_code_first

# --- a call of unknown slot ---
	record 0x4018, 0x4000, 24
	record 0x4020, 0x4000, 32
	method unknown_first, 0x4000
	method unknown_second, 0x4000
	method unknown_third, 0x4000
	caller calls_unknown_first, 0x4018
	caller calls_unknown_any, 0x4000
	table unknown
	.quad unknown_first, unknown_second, unknown_third
	end_table unknown

# --- one function at two slots, as of a second supertrait; a table refers to another ---
	record 0x5018, 0x5000, 24
	record 0x5020, 0x5000, 32
	record 0x5028, 0x5000, 40
	method twice_both, 0x5000
	method twice_between, 0x5000
	method twice_super_only, 0x5000
	caller calls_twice_first, 0x5018
	caller calls_twice_between, 0x5020
	caller calls_twice_last, 0x5028
	table twice_super
	.quad twice_both, twice_super_only
	end_table twice_super
	table twice
	.quad 0, twice_between, twice_both, __rex_vtable.twice_super
	end_table twice

# --- an id of a call that is the id of other functions ---
	record 0x6000, 0x7000, 24
	method clash_plain, 0x6000
	method clash_first, 0x7000
	caller calls_clash, 0x6000
	table clash
	.quad clash_first
	end_table clash
	.quad clash_plain

# --- calls that come back only from functions of tables that nothing refers to: `behind` is behind such a call,
# and what refers to the second one's table is behind ---
	.macro stopping name, id
	typed \name, \id
	push rax
	call __rex_import_rex_panic
	end \name
	.endm

	record 0x8018, 0x8000, 24
	stopping stop_first, 0x8000
	method stop_other, 0x8000
	table stop
	.quad stop_first
	end_table stop
	table stop_other
	.quad stop_other
	end_table stop_other

	record 0x9018, 0x9000, 24
	stopping late_first, 0x9000
	method late_other, 0x9000
	table late
	.quad late_first
	end_table late
	table late_other
	.quad late_other
	end_table late_other

	function behind
	lea rax, [rip + __rex_vtable.late_other]
	return
	end behind
	function beyond
	return
	end beyond

	function stopped
	push rbx
	lea rax, [rip + __rex_vtable.stop]
	lea rax, [rip + __rex_vtable.late]
	test rdi, rdi
	je 1f
	indirect_call 0x9018
	call beyond
1:	indirect_call 0x8018
	call behind
	pop rbx
	return
	end stopped

# Reaches the tables apart, by code, and twice_super, by way of twice.
	function program
	push rbx
	lea rax, [rip + __rex_vtable.apart + 8]
	lea rax, [rip + __rex_vtable.twice]
	call calls_apart_first
	call calls_twice_first
	call calls_twice_between
	pop rbx
	return
	end program
