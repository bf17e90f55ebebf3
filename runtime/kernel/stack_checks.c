// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler's stack checks are functions of known bytes (llvm-pass/README.md), made for any runtime. Here the
 * per-CPU state has a fixed place, and a branch falls where the check passes: three instructions less for each
 * call of a function that recurses. What is compared with what, and where it leads, stays the same. A
 * function that is not such a check to the last byte is left alone.
 */
#include <linux/bitops.h>
#include <linux/string.h>
#include <asm/cpufeature.h>

#include "runtime/kernel/stack_checks.h"
#include "runtime/kernel/state.h"

/* As in the file: endbr64; lea -need(%rsp),%r10; mov slot(%rip),%r11; cmp %gs:(%r11),%r10; jb; jmp */
struct check {
	u8 mark[4];
	u8 lea[4];
	s32 need;
	u8 mov[3];
	s32 slot;
	u8 cmp[4];
	u8 jb[2];
	s32 overflow;
	u8 jmp;
	s32 body;
} __packed;

/* As it is to be: lea -need(%rsp),%r10; cmp %gs:state,%r10; jae; jmp */
struct short_check {
	u8 lea[4];
	s32 need;
	u8 cmp[5];
	s32 state;
	u8 jae[2];
	s32 body;
	u8 jmp;
	s32 overflow;
} __packed;

#define JMP_REL32 0xe9
#define INT3 0xcc

static const struct check form = {
	.mark = {0xf3, 0x0f, 0x1e, 0xfa},
	.lea = {0x4c, 0x8d, 0x94, 0x24},
	.mov = {0x4c, 0x8b, 0x1d},
	.cmp = {0x65, 0x4d, 0x3b, 0x13},
	.jb = {0x0f, 0x82},
	.jmp = JMP_REL32,
};

/* Displacements are from the ends of their instructions, which end with them. */
static s64 target(const struct check *check, const s32 *displacement)
{
	return (const u8 *)(displacement + 1) - (const u8 *)check + *displacement;
}

static bool is_check(const struct check *check, u64 start, u64 cpu_slot)
{
	struct check known = form;

	known.need = check->need;
	known.slot = check->slot;
	known.overflow = check->overflow;
	known.body = check->body;
	return memcmp(check, &known, sizeof(known)) == 0 && start + target(check, &check->slot) == cpu_slot;
}

static void shorten(u8 *at, const struct check *check)
{
	/* Indirect calls may lead here, and land on the mark where that is asked for. */
	const size_t mark = boot_cpu_has(X86_FEATURE_IBT) ? sizeof(check->mark) : 0;
	const struct short_check code = {
		.lea = {0x4c, 0x8d, 0x94, 0x24},
		.need = check->need,
		.cmp = {0x65, 0x4c, 0x3b, 0x14, 0x25},
		.state = (unsigned long)&rex_cpu_state.visible.stack_limit,
		.jae = {0x0f, 0x83},
		.body = target(check, &check->body) - mark - offsetofend(struct short_check, body),
		.jmp = JMP_REL32,
		.overflow = target(check, &check->overflow) - mark - offsetofend(struct short_check, overflow),
	};

	BUILD_BUG_ON(sizeof(form.mark) + sizeof(code) > sizeof(form));
	memset(at + mark, INT3, sizeof(form) - mark);
	memcpy(at + mark, &code, sizeof(code));
}

void rex_stack_checks_shorten(struct rex_image *image, const struct rex_elf *elf, u64 cpu_slot)
{
	const unsigned long state = (unsigned long)&rex_cpu_state;
	u32 i;

	/* Per-CPU variables of modules have small addresses, as the compiler has them reached in the same way. */
	if ((s32)state != (long)state)
		return;
	for (i = 0; i < elf->function_count; i++) {
		const struct rex_elf_function *function = &elf->functions[i];
		struct check check;

		if (function->size != sizeof(check))
			continue;
		memcpy(&check, image->base + function->start, sizeof(check));
		if (is_check(&check, function->start, cpu_slot))
			shorten(image->base + function->start, &check);
	}
}
