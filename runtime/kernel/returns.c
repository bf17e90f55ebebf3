// SPDX-License-Identifier: GPL-2.0-only
/*
 * Returns. In the file each is `jmp rel32` to __x86_return_thunk, and the note says where they are. Here each becomes
 * what the kernel makes of its own (apply_returns() in arch/x86/kernel/alternative.c): `ret`, or a jump to the thunk
 * that this machine needs. The object's thunk becomes the same (imports.c), for a return that the note does not have.
 */
#include <linux/cache.h>
#include <linux/init.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/text-patching.h>

#include "runtime/kernel/returns.h"
#include "runtime/kernel/symbols.h"

struct jump {
	u8 opcode;
	s32 displacement;
} __packed;

/* Looked up once: it stays the same from boot on, and an object may have a hundred thousand returns. */
static unsigned long return_thunk __ro_after_init;

int __init rex_returns_init(void)
{
	const unsigned long *thunk;

	if (!boot_cpu_has(X86_FEATURE_RETHUNK))
		return 0;
	thunk = (const unsigned long *)rex_symbol("x86_return_thunk");
	if (!thunk || !*thunk) {
		pr_err("this kernel's return thunk is not known\n");
		return -ENOENT;
	}
	return_thunk = *thunk;
	return 0;
}

unsigned long rex_return_thunk(void)
{
	return return_thunk;
}

int rex_return_put(u8 *at)
{
	if (return_thunk)
		return rex_image_jump(at, return_thunk);
	memset(at, INT3_INSN_OPCODE, sizeof(struct jump));
	*at = RET_INSN_OPCODE;
	return 0;
}

/* Wholly inside the function, which may be none, and a jump to the thunk. */
static bool is_return(const struct rex_image *image, const struct rex_elf_function *function,
		      const struct rex_elf_function *thunk, u32 site)
{
	struct jump jump;

	if (!function || !thunk || site < function->start || function->size < sizeof(jump) ||
	    site - function->start > function->size - sizeof(jump))
		return false;
	memcpy(&jump, image->base + site, sizeof(jump));
	return jump.opcode == JMP32_INSN_OPCODE && site + sizeof(jump) + (s64)jump.displacement == thunk->start;
}

int rex_returns_link(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     struct rex_message *message)
{
	const struct rex_elf_function *thunk = rex_elf_function(elf, "__x86_return_thunk");
	u32 function = 0, free = 0, i;

	/* Functions and returns are by address: note.c has seen to the order of the latter. */
	for (i = 0; i < note->header->returns.count; i++) {
		const u32 site = note->returns[i];

		while (function < elf->function_count &&
		       elf->functions[function].start + elf->functions[function].size <= site)
			function++;
		if (site < free ||
		    !is_return(image, function < elf->function_count ? &elf->functions[function] : NULL, thunk, site))
			return rex_refuse(message, -ENOEXEC,
					  "REX0741: the note has a return at 0x%x, where no jump to __x86_return_thunk is",
					  site);
		if (rex_return_put(image->base + site))
			return rex_refuse(message, -ERANGE, "the kernel's return thunk is out of reach");
		free = site + sizeof(struct jump);
	}
	return 0;
}
