// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kernel.h>
#include <linux/string.h>

#include "runtime/kernel/helpers.h"
#include "runtime/kernel/imports.h"
#include "runtime/kernel/symbols.h"

#define RETURNS 0
#define NORETURN 1
#define ANY_LICENSE 0
#define GPL_ONLY 1
#define SIGNED REX_FIELD_SIGNED
#define UNSIGNED REX_FIELD_UNSIGNED
#define POINTER REX_FIELD_POINTER
#define BYTES REX_FIELD_BYTES

#define REX_IMPORT_FUNCTION(symbol, program_types, returns, bytes, license, signature)                \
	{.name = #symbol, .kind = REX_IMPORT_IS_FUNCTION, .types = (program_types),                   \
	 .noreturn = (returns), .stack = (bytes), .gpl_only = (license)},
#define REX_IMPORT_PERCPU(symbol, program_types)                                                      \
	{.name = #symbol, .kind = REX_IMPORT_IS_PERCPU, .types = (program_types)},
#define REX_IMPORT_FIELD(struct_name, field_name, bytes, kind_of_field)                               \
	{.name = "rex_off." #struct_name "." #field_name, .kind = REX_IMPORT_IS_FIELD,                \
	 .types = REX_TYPE_ALL, .structure = #struct_name, .field = #field_name, .size = (bytes),     \
	 .field_kind = (kind_of_field)},
static const struct rex_import imports[] = {
#include "runtime/abi/imports.def"
};

/*
 * Functions that are not the kernel's function of the same name. Those of the module check what the
 * kernel's verifier would have checked, or remember what a run holds; get_prandom_u32 is
 * bpf_user_rnd_u32 to programs (kernel/bpf/core.c).
 */
static const struct {
	const char *name;
	unsigned long address; /* of the module's own; 0: look for symbol */
	const char *symbol;
} others[] = {
	{"rex_panic", (unsigned long)rex_panic},
	{"rex_timeout", (unsigned long)rex_timeout},
	{"rex_abort", (unsigned long)rex_abort},
	{"rex_stack_overflow", (unsigned long)rex_stack_overflow},
	{"rex_trace_printk", (unsigned long)rex_trace_printk},
	{"rex_spin_lock", (unsigned long)rex_spin_lock},
	{"rex_spin_unlock", (unsigned long)rex_spin_unlock},
	{"rex_ringbuf_reserve", (unsigned long)rex_ringbuf_reserve},
	{"rex_ringbuf_submit", (unsigned long)rex_ringbuf_submit},
	{"rex_ringbuf_discard", (unsigned long)rex_ringbuf_discard},
	{"rex_task_from_pid", (unsigned long)rex_task_from_pid},
	{"rex_task_release", (unsigned long)rex_task_release},
	{"rex_task_pt_regs", (unsigned long)rex_task_pt_regs},
	{"rex_override_return", (unsigned long)rex_override_return},
	{"rex_skb_writable", (unsigned long)rex_skb_writable},
	{"bpf_clone_redirect", (unsigned long)rex_clone_redirect},
	{"bpf_xdp_adjust_tail", (unsigned long)rex_xdp_adjust_tail},
	{"bpf_perf_event_output_tp", (unsigned long)rex_perf_event_output_tp},
	{"bpf_perf_prog_read_value", (unsigned long)rex_perf_prog_read_value},
	{"bpf_get_stackid_pe", (unsigned long)rex_get_stackid_pe},
	{"bpf_get_prandom_u32", 0, "bpf_user_rnd_u32"},
	{"rex_hash_lookup", 0, "htab_map_lookup_elem"},
};

const struct rex_import *rex_import_find(const char *symbol)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(imports); i++) {
		if (strcmp(imports[i].name, symbol) == 0)
			return &imports[i];
	}
	return NULL;
}

u32 rex_import_count(void)
{
	return ARRAY_SIZE(imports);
}

u32 rex_import_index(const struct rex_import *import)
{
	return import - imports;
}

unsigned long rex_import_address(const struct rex_import *import)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(others); i++) {
		if (strcmp(others[i].name, import->name) == 0)
			return others[i].address ? others[i].address : rex_symbol(others[i].symbol);
	}
	return rex_symbol(import->name);
}
