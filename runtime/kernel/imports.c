// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/string.h>
/* Needs string.h, and does not say so. */
#include <linux/license.h>
#include <asm/cpufeature.h>
#include <asm/text-patching.h>

#include "runtime/kernel/imports.h"
#include "runtime/kernel/returns.h"
#include "runtime/kernel/stack_checks.h"
#include "runtime/kernel/state.h"
#include "runtime/kernel/symbols.h"

#define THUNK_SIZE 16 /* bytes that each thunk has to itself (linker/thunks.h) */
#define WORD 8

struct linker {
	struct rex_image *image;
	const struct rex_elf *elf;
	const struct rex_note *note;
	struct rex_message *message;
	unsigned long *filled; /* a bit for each word of PT_GNU_RELRO */
	unsigned long *bound; /* a bit for each dynamic symbol */
	unsigned long *named; /* a bit for each import that there is */
	u32 thunks; /* that were written */
	u32 gates;
};

static bool is_inside(struct rex_range range, u64 address, u32 size)
{
	return address >= range.start && address < range.end && size <= range.end - address;
}

/* A slot: an aligned word of .got, or of .data.rel.ro for an address in the image, filled once. */
static int claim_slot(struct linker *linker, const Elf64_Rela *relocation)
{
	const struct rex_elf *elf = linker->elf;
	const u64 address = relocation->r_offset;
	const bool relative = ELF64_R_TYPE(relocation->r_info) == R_X86_64_RELATIVE;
	const bool slot = is_inside(elf->got, address, WORD) ||
			  (relative && is_inside(elf->constants, address, WORD));

	/* Both sections are inside PT_GNU_RELRO. */
	if (!slot || !IS_ALIGNED(address, WORD))
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0712: a relocation fills 0x%llx, which is no slot", address);
	if (test_and_set_bit((address - elf->relro_start) / WORD, linker->filled))
		return rex_refuse(linker->message, -ENOEXEC, "REX0712: 0x%llx is filled twice", address);
	return 0;
}

static int link_relative(struct linker *linker, const Elf64_Rela *relocation)
{
	const struct rex_elf *elf = linker->elf;
	const u64 target = relocation->r_addend;
	u64 place;

	memcpy(&place, linker->image->base + relocation->r_offset, sizeof(place));
	/* One past the last byte is a pointer, too. */
	if (ELF64_R_SYM(relocation->r_info) != 0 || target > elf->image_size || place != target ||
	    is_inside(elf->got, target, 1) || is_inside(elf->dynamic_table, target, 1))
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0713: the address at 0x%llx is not in place, or of nothing that may have one",
				  relocation->r_offset);
	if (target >= elf->text_start && target < PAGE_ALIGN(elf->text_end) &&
	    !rex_elf_function_at(elf, target))
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0736: the address at 0x%llx is of code, and of no function's start",
				  relocation->r_offset);
	rex_image_put(linker->image, relocation->r_offset, (u64)linker->image->base + target);
	return 0;
}

/* A slot's import by the note: name and kind must be the symbol's, and the slot the relocation's. */
static int check_note(struct linker *linker, const struct rex_import *import, u64 slot)
{
	const struct rex_note *note = linker->note;
	u32 i;

	if (import->kind == REX_IMPORT_IS_FIELD) {
		for (i = 0; i < note->header->fields.count; i++) {
			const struct rex_note_field *field = &note->fields[i];

			if (field->slot == slot && field->size == import->size &&
			    field->kind == import->field_kind &&
			    strcmp(rex_note_string(note, field->structure), import->structure) == 0 &&
			    strcmp(rex_note_string(note, field->field), import->field) == 0)
				return 0;
		}
	} else {
		for (i = 0; i < note->header->imports.count; i++) {
			const struct rex_note_import *entry = &note->imports[i];

			if (entry->slot == slot && entry->kind == import->kind &&
			    strcmp(rex_note_string(note, entry->name), import->name) == 0)
				return 0;
		}
	}
	return rex_refuse(linker->message, -ENOEXEC, "REX0741: the note does not name %s as it is imported",
			  import->name);
}

static int check_permitted(struct linker *linker, const struct rex_import *import)
{
	const char *license = rex_note_string(linker->note, linker->note->header->license);

	if (!(import->types & rex_note_types(linker->note)))
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0739: %s is not for programs of this object's types", import->name);
	if (import->gpl_only && !license_is_gpl_compatible(license))
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0742: %s is for GPL-compatible programs; the object's license is %.64s",
				  import->name, license);
	return 0;
}

/* Where the thunk is to jump: to a gate of the function's own, unless it does not return. */
static unsigned long make_gate(struct linker *linker, const struct rex_import *import,
			       unsigned long function)
{
	u8 *gate = linker->image->base + linker->image->gates + linker->gates * rex_gate_size();

	if (import->noreturn)
		return function;
	linker->gates++;
	return rex_gate_write(gate, function) ? 0 : (unsigned long)gate;
}

/*
 * The thunk of an imported function: `endbr64; jmp *slot`, over which a direct jump is written; only direct
 * calls lead to it (REX0736 and kcfi's check), so it needs no mark. A function that is imported without one could
 * only be called by code that the contract forbids; its slot holds 0.
 */
static int link_thunk(struct linker *linker, const struct rex_import *import, u64 slot)
{
	static const u8 start[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25};
	unsigned long target = rex_import_address(import);
	const struct rex_elf_function *thunk;
	char name[REX_NAME_SIZE];
	const u8 *bytes;
	s32 distance;

	if (!target)
		return rex_refuse(linker->message, -ENOENT, "this kernel does not have %s", import->name);
	snprintf(name, sizeof(name), "__rex_import_%s", import->name);
	thunk = rex_elf_function(linker->elf, name);
	if (!thunk)
		return rex_refuse(linker->message, -ENOEXEC, "REX0728: %s has no thunk", import->name);
	bytes = rex_elf_at(linker->elf, thunk->start, THUNK_SIZE);
	if (!bytes || !IS_ALIGNED(thunk->start, THUNK_SIZE) ||
	    thunk->size != sizeof(start) + sizeof(distance) || memcmp(bytes, start, sizeof(start)) != 0 ||
	    memchr_inv(bytes + sizeof(start) + sizeof(distance), INT3_INSN_OPCODE,
		       THUNK_SIZE - sizeof(start) - sizeof(distance)))
		return rex_refuse(linker->message, -ENOEXEC, "REX0728: the thunk of %s has other bytes",
				  import->name);
	memcpy(&distance, bytes + sizeof(start), sizeof(distance));
	if (thunk->start + sizeof(start) + sizeof(distance) + (s64)distance != slot)
		return rex_refuse(linker->message, -ENOEXEC, "REX0728: the thunk of %s leads elsewhere",
				  import->name);
	target = make_gate(linker, import, target);
	memset(linker->image->base + thunk->start, INT3_INSN_OPCODE, THUNK_SIZE);
	if (!target || rex_image_jump(linker->image->base + thunk->start, target))
		return rex_refuse(linker->message, -ERANGE, "%s is out of reach", import->name);
	linker->thunks++;
	return 0;
}

static int link_import(struct linker *linker, const Elf64_Rela *relocation)
{
	const u32 index = ELF64_R_SYM(relocation->r_info);
	const struct rex_import *import;
	const Elf64_Sym *symbol;
	const char *name;
	u64 value = 0;
	int error;

	if (index == 0 || index >= linker->elf->dynamic_symbol_count || relocation->r_addend != 0)
		return rex_refuse(linker->message, -ENOEXEC, "REX0711: a malformed relocation at 0x%llx",
				  relocation->r_offset);
	symbol = &linker->elf->dynamic_symbols[index];
	name = linker->elf->dynamic_names + symbol->st_name;
	if (symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) != STB_GLOBAL ||
	    ELF64_ST_TYPE(symbol->st_info) > STT_FUNC || symbol->st_other != 0 ||
	    symbol->st_value != 0 || symbol->st_size != 0)
		return rex_refuse(linker->message, -ENOEXEC, "REX0709: %.64s is no import", name);
	if (test_and_set_bit(index, linker->bound))
		return rex_refuse(linker->message, -ENOEXEC, "REX0714: %.64s has more than one slot", name);
	import = rex_import_find(name);
	if (!import)
		return rex_refuse(linker->message, -ENOENT,
				  "REX0715: the object imports %.64s, which programs may not use or this module does not have",
				  name);
	if (test_and_set_bit(rex_import_index(import), linker->named))
		return rex_refuse(linker->message, -ENOEXEC, "REX0709: %s is named twice", import->name);
	error = check_permitted(linker, import);
	if (!error)
		error = check_note(linker, import, relocation->r_offset);
	if (error)
		return error;
	switch (import->kind) {
	case REX_IMPORT_IS_FUNCTION:
		error = link_thunk(linker, import, relocation->r_offset);
		break;
	case REX_IMPORT_IS_PERCPU:
		/* The address of a per-CPU variable is its offset from GS base. */
		value = (u64)(uintptr_t)&rex_cpu_state;
		rex_stack_checks_shorten(linker->image, linker->elf, relocation->r_offset);
		break;
	case REX_IMPORT_IS_FIELD:
		error = rex_field_offset(import, &value, linker->message);
		break;
	}
	if (!error)
		rex_image_put(linker->image, relocation->r_offset, value);
	return error;
}

/* Where this kernel's own code goes instead of `jmp *%r11`; 0: a plain jump. */
static unsigned long indirect_thunk(void)
{
#ifdef X86_FEATURE_INDIRECT_THUNK_ITS
	if (boot_cpu_has(X86_FEATURE_INDIRECT_THUNK_ITS))
		return rex_symbol("__x86_indirect_its_thunk_r11");
#endif
	/* Alternatives have made this one what the machine needs, be it a plain jump. */
	return rex_symbol("__x86_indirect_thunk_r11");
}

/* One of the two thunks that are not imports: bytes as known, then as this kernel needs them. */
static int link_own_thunk(struct linker *linker, const char *name, const u8 *code, size_t size,
			  unsigned long target)
{
	const struct rex_elf_function *thunk = rex_elf_function(linker->elf, name);
	const u8 *bytes;

	if (!thunk)
		return 0; /* no branch of this kind in the object */
	bytes = rex_elf_at(linker->elf, thunk->start, THUNK_SIZE);
	if (!bytes || !IS_ALIGNED(thunk->start, THUNK_SIZE) || thunk->size != size ||
	    memcmp(bytes, code, size) != 0 ||
	    memchr_inv(bytes + size, INT3_INSN_OPCODE, THUNK_SIZE - size))
		return rex_refuse(linker->message, -ENOEXEC, "REX0728: %s has other bytes", name);
	if (target && rex_image_jump(linker->image->base + thunk->start, target))
		return rex_refuse(linker->message, -ERANGE, "the kernel's %s is out of reach", name);
	linker->thunks++;
	return 0;
}

static int link_own_thunks(struct linker *linker)
{
	static const u8 jump[] = {0x41, 0xff, 0xe3}, ret[] = {0xc3};
	unsigned long target = indirect_thunk();
	int error;

	if (!target)
		return rex_refuse(linker->message, -ENOENT, "this kernel has no thunk for indirect branches");
	error = link_own_thunk(linker, "__x86_indirect_thunk_r11", jump, sizeof(jump), target);
	if (error)
		return error;
	return link_own_thunk(linker, "__x86_return_thunk", ret, sizeof(ret), rex_return_thunk());
}

/*
 * What is named like a thunk is one, with known bytes and written above: there is no second one of a name, and none
 * without its import, with bytes that nobody has looked at.
 */
static int check_thunk_names(struct linker *linker)
{
	static const char *const prefixes[] = {"__rex_import_", "__x86_"};
	u32 named = 0, i, j;

	for (i = 0; i < linker->elf->function_count; i++) {
		for (j = 0; j < ARRAY_SIZE(prefixes); j++)
			named += strstarts(linker->elf->functions[i].name, prefixes[j]);
	}
	if (named != linker->thunks)
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0728: %u functions have names of thunks, and %u are such", named,
				  linker->thunks);
	return 0;
}

/* The watchdog sends expired runs there: it must do nothing but jump into the runtime. */
static int check_handle_timeout(struct linker *linker)
{
	const struct rex_elf_function *thunk =
		rex_elf_function(linker->elf, "__rex_import_rex_timeout");
	const struct rex_elf_function *handler =
		rex_elf_function_at(linker->elf, linker->note->header->handle_timeout);
	const u8 *bytes = handler && handler->size == 9 ? rex_elf_at(linker->elf, handler->start, 9) : NULL;
	s32 distance;

	if (bytes && thunk && bytes[4] == JMP32_INSN_OPCODE) {
		memcpy(&distance, bytes + 5, sizeof(distance));
		if (handler->start + 9 + (s64)distance == thunk->start)
			return 0;
	}
	return rex_refuse(linker->message, -ENOEXEC, "REX0718: %s does more than jump to rex_timeout",
			  REX_SYMBOL_HANDLE_TIMEOUT);
}

static int link_all(struct linker *linker)
{
	const struct rex_elf *elf = linker->elf;
	const struct rex_note_header *header = linker->note->header;
	int error = 0;
	u32 i;

	if (elf->dynamic_symbol_count == 0 ||
	    header->imports.count + header->fields.count != elf->dynamic_symbol_count - 1)
		return rex_refuse(linker->message, -ENOEXEC,
				  "REX0741: the note has %u imports and %u fields, the object %u undefined symbols",
				  header->imports.count, header->fields.count,
				  elf->dynamic_symbol_count);
	for (i = 0; i < elf->relocation_count && !error; i++) {
		const Elf64_Rela *relocation = &elf->relocations[i];

		error = claim_slot(linker, relocation);
		if (error)
			break;
		switch (ELF64_R_TYPE(relocation->r_info)) {
		case R_X86_64_RELATIVE:
			error = link_relative(linker, relocation);
			break;
		case R_X86_64_GLOB_DAT:
			error = link_import(linker, relocation);
			break;
		default:
			error = rex_refuse(linker->message, -ENOEXEC, "REX0711: a relocation of type %llu",
					   ELF64_R_TYPE(relocation->r_info));
		}
	}
	for (i = 1; i < elf->dynamic_symbol_count && !error; i++) {
		if (!test_bit(i, linker->bound))
			error = rex_refuse(linker->message, -ENOEXEC, "REX0714: %.64s has no slot",
					   elf->dynamic_names + elf->dynamic_symbols[i].st_name);
	}
	if (!error)
		error = link_own_thunks(linker);
	if (!error)
		error = check_thunk_names(linker);
	return error ? error : check_handle_timeout(linker);
}

int rex_imports_link(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     struct rex_message *message)
{
	struct linker linker = {.image = image, .elf = elf, .note = note, .message = message};
	int error;

	linker.filled = bitmap_zalloc((elf->relro_end - elf->relro_start) / WORD, GFP_KERNEL);
	linker.bound = bitmap_zalloc(elf->dynamic_symbol_count + 1, GFP_KERNEL);
	linker.named = bitmap_zalloc(rex_import_count(), GFP_KERNEL);
	if (linker.filled && linker.bound && linker.named)
		error = link_all(&linker);
	else
		error = rex_refuse(message, -ENOMEM, "no memory for the relocations");
	bitmap_free(linker.filled);
	bitmap_free(linker.bound);
	bitmap_free(linker.named);
	return error;
}

int rex_imports_prepare(const struct rex_elf *elf, struct rex_message *message)
{
	u32 i;

	for (i = 1; i < elf->dynamic_symbol_count; i++) {
		const char *name = elf->dynamic_names + elf->dynamic_symbols[i].st_name;

		/* The kernel does the same when its verifier meets the helper. */
		if (strcmp(name, "bpf_get_prandom_u32") == 0)
			rex_kernel_bpf_user_rnd_init_once();
		else if (strcmp(name, "rex_trace_printk") == 0)
			rex_kernel_bpf_get_trace_printk_proto();
	}
	return 0;
}
