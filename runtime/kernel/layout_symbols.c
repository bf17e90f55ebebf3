// SPDX-License-Identifier: GPL-2.0-only
/* Symbols: what people and debuggers call the parts of an object. */
#include <linux/mm.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "runtime/abi/rex_ioctl.h"
#include "runtime/kernel/layout.h"

#define STB_LAST STB_WEAK
#define STT_LAST STT_FILE

/* Programs and maps: a C identifier that does not begin with "__". */
static bool is_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	const size_t length = strnlen(name, REX_NAME_SIZE);

	return length > 0 && length < REX_NAME_SIZE && strspn(name, letters) == length &&
	       !(name[0] >= '0' && name[0] <= '9') && strncmp(name, "__", 2) != 0;
}

static bool is_global(const Elf64_Sym *symbol)
{
	return ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && (symbol->st_other & 3) == 0;
}

static bool is_in_section(const Elf64_Sym *symbol, const Elf64_Shdr *section)
{
	return symbol->st_value >= section->sh_addr &&
	       symbol->st_value - section->sh_addr <= section->sh_size &&
	       symbol->st_size <= section->sh_size - (symbol->st_value - section->sh_addr);
}

/* A symbol of a section; with programs and maps go rules of their own. */
static bool is_good_definition(struct rex_elf *elf, const Elf64_Sym *symbol)
{
	const Elf64_Shdr *section = &elf->sections[symbol->st_shndx];
	const char *section_name = elf->section_names + section->sh_name;
	const char *name = elf->names + symbol->st_name;
	const u32 type = ELF64_ST_TYPE(symbol->st_info);
	const bool executable = section->sh_flags & SHF_EXECINSTR;

	if (type == STT_SECTION || type == STT_FILE)
		return true;
	if (!is_in_section(symbol, section) || (type == STT_FUNC) != executable)
		return false;
	if (executable && rex_type_of_section(section_name) >= 0) {
		elf->program_count++;
		return is_global(symbol) && is_name(name);
	}
	if (strcmp(section_name, ".maps") == 0) {
		elf->map_count++;
		return type == STT_OBJECT && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && is_name(name) &&
		       symbol->st_size == sizeof(struct rex_map_definition) &&
		       (symbol->st_value - section->sh_addr) % sizeof(struct rex_map_definition) == 0;
	}
	return true;
}

/* An import: also in .dynsym, where it is looked at closely. */
static bool is_dynamic(const struct rex_elf *elf, const char *name)
{
	u32 i;

	for (i = 1; i < elf->dynamic_symbol_count; i++) {
		if (strcmp(elf->dynamic_names + elf->dynamic_symbols[i].st_name, name) == 0)
			return true;
	}
	return false;
}

static bool is_good_symbol(struct rex_elf *elf, const Elf64_Sym *symbol)
{
	const char *name = elf->names + symbol->st_name;

	if (ELF64_ST_TYPE(symbol->st_info) > STT_LAST || ELF64_ST_BIND(symbol->st_info) > STB_LAST ||
	    strstarts(name, "__cfi_"))
		return false;
	if (symbol->st_shndx == SHN_UNDEF)
		return is_dynamic(elf, name);
	if (symbol->st_shndx < elf->section_count)
		return is_good_definition(elf, symbol);
	/* A function's address is one of a section. */
	return symbol->st_shndx == SHN_ABS && ELF64_ST_TYPE(symbol->st_info) != STT_FUNC;
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Loaders and debuggers find programs, maps and handlers by name. */
static int check_double_names(const struct rex_elf *elf, struct rex_message *message)
{
	const char **names = kvcalloc(elf->symbol_count, sizeof(*names), GFP_KERNEL);
	u32 count = 0, i;
	int error = 0;

	if (!names)
		return rex_refuse(message, -ENOMEM, "no memory for the symbols");
	for (i = 1; i < elf->symbol_count; i++) {
		const char *name = elf->names + elf->symbols[i].st_name;

		if (ELF64_ST_BIND(elf->symbols[i].st_info) != STB_LOCAL || strstarts(name, "__"))
			names[count++] = name;
	}
	sort(names, count, sizeof(*names), compare_names, NULL);
	for (i = 1; i < count && !error; i++) {
		if (strcmp(names[i], names[i - 1]) == 0)
			error = rex_refuse(message, -ENOEXEC, "REX0716: two symbols are called %.64s", names[i]);
	}
	kvfree(names);
	return error;
}

int rex_layout_check_symbols(struct rex_elf *elf, struct rex_message *message)
{
	size_t length = 0;
	u32 i;

	/* Few imports there are: what follows searches them for each undefined symbol. */
	if (elf->dynamic_symbol_count > REX_DYNAMIC_SYMBOLS_MAX)
		return rex_refuse(message, -ENOEXEC, "REX0709: %u dynamic symbols are more than there are imports",
				  elf->dynamic_symbol_count);
	for (i = 1; i < elf->symbol_count; i++) {
		/* Names may share their ends: without this, all of them could be megabytes long. */
		length += strlen(elf->names + elf->symbols[i].st_name);
		if (length > elf->size || !is_good_symbol(elf, &elf->symbols[i]))
			return rex_refuse(message, -ENOEXEC,
					  "REX0716: symbol %u is not of a known kind, or not inside its section", i);
	}
	return check_double_names(elf, message);
}
