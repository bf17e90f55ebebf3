// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bpf.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "runtime/kernel/ksym.h"
#include "runtime/kernel/symbols.h"

struct rex_ksyms {
	struct rcu_head rcu;
	u32 count;
	struct bpf_ksym entries[];
};

int rex_ksyms_add(struct rex_ksyms **result, const struct rex_elf *elf, const struct rex_image *image,
		  u64 tag, struct rex_message *message)
{
	struct rex_ksyms *ksyms = kvzalloc(struct_size(ksyms, entries, elf->function_count), GFP_KERNEL);
	u32 i;

	if (!ksyms)
		return rex_refuse(message, -ENOMEM, "no memory for the names of %u functions",
				  elf->function_count);
	ksyms->count = elf->function_count;
	for (i = 0; i < ksyms->count; i++) {
		const struct rex_elf_function *function = &elf->functions[i];
		struct bpf_ksym *entry = &ksyms->entries[i];
		int length = snprintf(entry->name, sizeof(entry->name), "rex_prog_%016llx::", tag);

		rex_demangle(function->name, entry->name + length, sizeof(entry->name) - length);
		entry->start = (unsigned long)image->base + function->start;
		entry->end = entry->start + function->size;
		INIT_LIST_HEAD(&entry->lnode);
		rex_kernel_bpf_ksym_add(entry);
		cond_resched();
	}
	*result = ksyms;
	return 0;
}

void rex_ksyms_remove(struct rex_ksyms *ksyms)
{
	u32 i;

	if (!ksyms)
		return;
	for (i = 0; i < ksyms->count; i++)
		rex_kernel_bpf_ksym_del(&ksyms->entries[i]);
	/* Lookups read the entries inside RCU read sides. */
	kvfree_rcu(ksyms, rcu);
}
