/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The stubs of symbols.h. Each is a jump, which rex_symbols_init() directs to the function; until then
 * it leads to a trap. The first slot is that trap.
 */
#include <linux/linkage.h>
#include <linux/objtool.h>

#include "runtime/kernel/compat.h"
#include "runtime/kernel/symbols.h"

#define REX_SYMBOL(name, type, ...) rex_symbol_stub name

	.macro rex_symbol_stub name
SYM_FUNC_START_NOALIGN(rex_kernel_\name)
	ANNOTATE_NOENDBR /* only direct calls lead here */
	jmp rex_symbol_stubs
	.balign REX_SYMBOL_STUB_SIZE, 0xcc
SYM_FUNC_END(rex_kernel_\name)
	.endm

	.text
	.balign REX_SYMBOL_STUB_SIZE, 0xcc
SYM_FUNC_START_NOALIGN(rex_symbol_stubs)
	ANNOTATE_NOENDBR /* only direct jumps lead here */
	ud2
	.balign REX_SYMBOL_STUB_SIZE, 0xcc
SYM_FUNC_END(rex_symbol_stubs)

#include "runtime/kernel/symbols.def"
