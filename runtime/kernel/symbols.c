// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/sync_core.h>
#include <asm/text-patching.h>

#include "runtime/kernel/compat.h"
#include "runtime/kernel/symbols.h"

#define REX_SYMBOL(name, type, ...) #name,
static const char *const names[] = {
#include "runtime/kernel/symbols.def"
};

#undef REX_SYMBOL

/* symbol_stubs.S: a slot that is none of the symbols', then theirs. */
extern u8 rex_symbol_stubs[];
#define SLOTS (ARRAY_SIZE(names) + 1)

/*
 * kprobes find a function by its name, and leave its address behind. A kprobe on it is never armed:
 * KPROBE_FLAG_DISABLED.
 */
static unsigned long __init find_lookup(void)
{
	struct kprobe probe = {.symbol_name = names[0], .flags = KPROBE_FLAG_DISABLED};
	unsigned long address;

	if (register_kprobe(&probe) != 0)
		return 0;
	address = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	return address;
}

/* Hidden, since objtool takes a computed address in code for one that is branched to. */
static u8 *stubs(void)
{
	u8 *address = rex_symbol_stubs;

	OPTIMIZER_HIDE_VAR(address);
	return address;
}

static int write_stub(u8 *alias, size_t index, unsigned long target)
{
	const size_t offset = (index + 1) * REX_SYMBOL_STUB_SIZE;
	u8 *stub = stubs() + offset;
	s64 distance = target - ((unsigned long)stub + JMP32_INSN_SIZE);
	u8 code[JMP32_INSN_SIZE] = {JMP32_INSN_OPCODE};
	s32 relative = distance;

	if (relative != distance) {
		pr_err("%s is too far away for a jump\n", names[index]);
		return -ERANGE;
	}
	memcpy(code + 1, &relative, sizeof(relative));
	memcpy(alias + offset, code, sizeof(code));
	return 0;
}

/* A second, writable and not executable, mapping of the pages with the stubs. */
static u8 *map_alias(void **mapping)
{
	const unsigned long start = (unsigned long)stubs();
	const unsigned long first = start & PAGE_MASK;
	const unsigned long end = start + SLOTS * REX_SYMBOL_STUB_SIZE;
	const unsigned int count = DIV_ROUND_UP(end - first, PAGE_SIZE);
	struct page *pages[4];
	unsigned int i;

	BUILD_BUG_ON(SLOTS * REX_SYMBOL_STUB_SIZE / PAGE_SIZE + 2 > ARRAY_SIZE(pages));
	for (i = 0; i < count; i++) {
		pages[i] = vmalloc_to_page((void *)(first + i * PAGE_SIZE));
		if (!pages[i])
			return NULL;
	}
	*mapping = vmap(pages, count, VM_MAP, PAGE_KERNEL);
	return *mapping ? (u8 *)*mapping + (start - first) : NULL;
}

static void serialize_cpu(void *unused)
{
	sync_core();
}

int __init rex_symbols_init(void)
{
	unsigned long address = find_lookup();
	void *mapping = NULL;
	u8 *alias;
	size_t i;
	int error;

	if (!address) {
		pr_err("this kernel has no %s, or no kprobes\n", names[0]);
		return -ENOENT;
	}
	alias = map_alias(&mapping);
	if (!alias)
		return -ENOMEM;
	error = write_stub(alias, 0, address);
	on_each_cpu(serialize_cpu, NULL, 1);
	for (i = 1; i < ARRAY_SIZE(names) && error == 0; i++) {
		address = rex_symbol(names[i]);
		if (!address) {
			pr_err("this kernel has no %s\n", names[i]);
			error = -ENOENT;
			break;
		}
		error = write_stub(alias, i, address);
	}
	vunmap(mapping);
	/* Nobody has executed a stub yet, but a CPU may have fetched what was there ahead of time. */
	on_each_cpu(serialize_cpu, NULL, 1);
	return error;
}

unsigned long rex_symbol(const char *name)
{
	return rex_kernel_kallsyms_lookup_name(name);
}
