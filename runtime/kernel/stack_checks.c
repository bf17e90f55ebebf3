// SPDX-License-Identifier: GPL-2.0-only
/*
 * The compiler's stack checks are functions of known bytes (llvm-pass/README.md), made for any runtime. Here the
 * per-CPU state has a fixed place and a branch falls where the check passes; and as long as rsp is not near the
 * limit, a comparison with the beginning of what is near answers all checks that demand no more than that. Only
 * there the exact one is made, apart from the text. So two instructions are left of six for each call of a function
 * that recurses; what passes and where it leads stays the same. A function that is not such a check to the last byte
 * is left alone.
 */
#include <linux/bitops.h>
#include <linux/string.h>
#include <asm/cpufeature.h>
#include <asm/text-patching.h>

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

/* The same, shorter: lea -need(%rsp),%r10; cmp %gs:state,%r10; jae; jmp */
struct exact_check {
	u8 lea[4];
	s32 need;
	u8 cmp[5];
	s32 state;
	u8 jae[2];
	s32 body;
	u8 jmp;
	s32 overflow;
} __packed;

/* What comes before it where need is small: cmp %gs:state,%rsp; jae; jmp */
struct near_check {
	u8 cmp[5];
	s32 state;
	u8 jae[2];
	s32 body;
	u8 jmp;
	s32 exact;
} __packed;

/* Where a check leads; need is negative. */
struct parts {
	s32 need;
	const u8 *body;
	const u8 *overflow;
};

#define CHECK_ROOM 32

static const struct check form = {
	.mark = {0xf3, 0x0f, 0x1e, 0xfa},
	.lea = {0x4c, 0x8d, 0x94, 0x24},
	.mov = {0x4c, 0x8b, 0x1d},
	.cmp = {0x65, 0x4d, 0x3b, 0x13},
	.jb = {0x0f, 0x82},
	.jmp = JMP32_INSN_OPCODE,
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

static bool displace(s32 *displacement, const u8 *end, const u8 *target)
{
	const s64 distance = target - end;

	*displacement = distance;
	return *displacement == distance;
}

static bool make_exact(struct exact_check *code, const u8 *at, const struct parts *parts)
{
	*code = (struct exact_check){
		.lea = {0x4c, 0x8d, 0x94, 0x24},
		.need = parts->need,
		.cmp = {0x65, 0x4c, 0x3b, 0x14, 0x25},
		.state = (unsigned long)&rex_cpu_state.visible.stack_limit,
		.jae = {0x0f, 0x83},
		.jmp = JMP32_INSN_OPCODE,
	};
	return displace(&code->body, at + offsetofend(struct exact_check, body), parts->body) &&
	       displace(&code->overflow, at + offsetofend(struct exact_check, overflow), parts->overflow);
}

static bool make_near(struct near_check *code, const u8 *at, const struct parts *parts, const u8 *exact)
{
	*code = (struct near_check){
		.cmp = {0x65, 0x48, 0x3b, 0x24, 0x25},
		.state = (unsigned long)&rex_cpu_state.stack_near,
		.jae = {0x0f, 0x83},
		.jmp = JMP32_INSN_OPCODE,
	};
	return parts->need <= 0 && parts->need >= -REX_STACK_NEAR &&
	       displace(&code->body, at + offsetofend(struct near_check, body), parts->body) &&
	       displace(&code->exact, at + offsetofend(struct near_check, exact), exact);
}

static void put(u8 *at, size_t room, const void *code, size_t size)
{
	memset(at, INT3_INSN_OPCODE, room);
	memcpy(at, code, size);
}

/* apart: room for the exact check, NULL when there is none. Returns whether it is used. */
static bool shorten(u8 *start, const struct check *check, u8 *apart)
{
	/* Indirect calls may lead here, and land on the mark where that is asked for. */
	const size_t mark = boot_cpu_has(X86_FEATURE_IBT) ? sizeof(check->mark) : 0;
	const struct parts parts = {
		.need = check->need,
		.body = start + target(check, &check->body),
		.overflow = start + target(check, &check->overflow),
	};
	const size_t room = sizeof(*check) - mark;
	u8 *at = start + mark;
	struct exact_check exact;
	struct near_check near;

	BUILD_BUG_ON(sizeof(check->mark) + sizeof(exact) > sizeof(*check));
	BUILD_BUG_ON(sizeof(check->mark) + sizeof(near) > sizeof(*check));
	BUILD_BUG_ON(sizeof(exact) > CHECK_ROOM);
	if (apart && make_exact(&exact, apart, &parts) && make_near(&near, at, &parts, apart)) {
		put(apart, CHECK_ROOM, &exact, sizeof(exact));
		put(at, room, &near, sizeof(near));
		return true;
	}
	if (make_exact(&exact, at, &parts))
		put(at, room, &exact, sizeof(exact));
	return false;
}

size_t rex_stack_checks_room(const struct rex_elf *elf)
{
	/* They do not overlap in an object that is as it should be. */
	const u32 most = (elf->text_end - elf->text_start) / sizeof(struct check);
	u32 count = 0, i;

	for (i = 0; i < elf->function_count && count < most; i++)
		count += elf->functions[i].size == sizeof(struct check);
	return count * CHECK_ROOM;
}

void rex_stack_checks_shorten(struct rex_image *image, const struct rex_elf *elf, u64 cpu_slot)
{
	const unsigned long state = (unsigned long)&rex_cpu_state;
	u8 *apart = image->base + image->checks;
	u8 *const end = apart + rex_stack_checks_room(elf);
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
		if (is_check(&check, function->start, cpu_slot) &&
		    shorten(image->base + function->start, &check, apart < end ? apart : NULL))
			apart += CHECK_ROOM;
	}
}
