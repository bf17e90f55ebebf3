// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bsearch.h>
#include <linux/ctype.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "runtime/kernel/elf.h"
#include "runtime/kernel/layout.h"

#define SEGMENTS_MAX 16
#define SECTIONS_MAX 64
#define SYMBOLS_MAX 65536

static bool in_file(const struct rex_elf *elf, u64 offset, u64 size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

static int read_header(struct rex_elf *elf, struct rex_message *message)
{
	const Elf64_Ehdr *header = (const void *)elf->bytes;

	if (elf->size < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return rex_refuse(message, -ENOEXEC, "REX0700: not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT ||
	    header->e_machine != EM_X86_64 || header->e_type != ET_DYN || header->e_entry != 0 ||
	    header->e_flags != 0 || header->e_ehsize != sizeof(*header) ||
	    /* lld writes ELFOSABI_GNU (3) when a section is marked SHF_GNU_RETAIN. */
	    (header->e_ident[EI_OSABI] != ELFOSABI_NONE && header->e_ident[EI_OSABI] != 3) ||
	    memchr_inv(header->e_ident + EI_PAD, 0, EI_NIDENT - EI_PAD))
		return rex_refuse(message, -ENOEXEC,
				  "REX0700: not a position-independent x86-64 image without entry point");
	if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 ||
	    header->e_phnum > SEGMENTS_MAX || header->e_phoff != sizeof(*header) ||
	    !in_file(elf, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr)))
		return rex_refuse(message, -ENOEXEC, "REX0700: the program headers are malformed");
	if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum == 0 ||
	    header->e_shnum > SECTIONS_MAX || !IS_ALIGNED(header->e_shoff, 8) ||
	    !in_file(elf, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr)) ||
	    header->e_shstrndx >= header->e_shnum)
		return rex_refuse(message, -ENOEXEC, "REX0700: the section headers are malformed");
	elf->segments = (const void *)(elf->bytes + header->e_phoff);
	elf->segment_count = header->e_phnum;
	elf->sections = (const void *)(elf->bytes + header->e_shoff);
	elf->section_count = header->e_shnum;
	return 0;
}

/* Page by page from address 0, each readable, one executable, none writable and executable. */
static int read_load(struct rex_elf *elf, const Elf64_Phdr *segment, u64 *next_offset,
		     struct rex_message *message)
{
	if (segment->p_vaddr != elf->image_size || segment->p_align != REX_PAGE_SIZE ||
	    !IS_ALIGNED(segment->p_offset, REX_PAGE_SIZE) || segment->p_offset < *next_offset ||
	    (elf->image_size == 0 && segment->p_offset != 0) || segment->p_memsz == 0 ||
	    (segment->p_filesz != segment->p_memsz && !(segment->p_flags & PF_W)))
		return rex_refuse(message, -ENOEXEC,
				  "REX0702: the segment at 0x%llx is not laid out page by page",
				  segment->p_vaddr);
	if (segment->p_memsz > REX_IMAGE_MAX - elf->image_size)
		return rex_refuse(message, -ENOEXEC, "REX0704: the image spans more than %u bytes",
				  REX_IMAGE_MAX);
	if (!(segment->p_flags & PF_R) || segment->p_flags & ~(PF_R | PF_W | PF_X) ||
	    (segment->p_flags & (PF_W | PF_X)) == (PF_W | PF_X))
		return rex_refuse(message, -ENOEXEC,
				  "REX0703: the segment at 0x%llx has forbidden permissions",
				  segment->p_vaddr);
	if (segment->p_flags & PF_X) {
		if (elf->text_end != 0)
			return rex_refuse(message, -ENOEXEC, "REX0703: more than one executable segment");
		elf->text_start = segment->p_vaddr;
		elf->text_end = segment->p_vaddr + segment->p_memsz;
	}
	elf->image_size += ALIGN(segment->p_memsz, REX_PAGE_SIZE);
	*next_offset = segment->p_offset + segment->p_filesz;
	return 0;
}

/* Notes a segment of a type of which there is one. */
static int note_segment(const Elf64_Phdr **place, const Elf64_Phdr *segment, struct rex_message *message)
{
	if (*place)
		return rex_refuse(message, -ENOEXEC, "REX0701: two segments of type 0x%x", segment->p_type);
	if (segment->p_flags & PF_X)
		return rex_refuse(message, -ENOEXEC,
				  "REX0703: a segment that is not loaded asks for execution");
	*place = segment;
	return 0;
}

static int read_segments(struct rex_elf *elf, struct rex_message *message)
{
	const Elf64_Phdr *relro = NULL, *headers = NULL, *stack = NULL;
	u64 next_offset = 0;
	u32 i;

	for (i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];
		int error = 0;

		if (!in_file(elf, segment->p_offset, segment->p_filesz) ||
		    segment->p_filesz > segment->p_memsz ||
		    segment->p_vaddr + segment->p_memsz < segment->p_vaddr ||
		    (segment->p_align != 0 && !is_power_of_2(segment->p_align)))
			return rex_refuse(message, -ENOEXEC, "REX0702: segment %u is not in the file", i);
		switch (segment->p_type) {
		case PT_LOAD:
			error = read_load(elf, segment, &next_offset, message);
			break;
		case PT_GNU_RELRO:
			error = note_segment(&relro, segment, message);
			break;
		case PT_DYNAMIC:
			error = note_segment(&elf->dynamic, segment, message);
			break;
		case PT_PHDR:
			error = note_segment(&headers, segment, message);
			break;
		case PT_GNU_STACK:
			error = note_segment(&stack, segment, message);
			break;
		default:
			error = rex_refuse(message, -ENOEXEC, "REX0701: segment type 0x%x",
					   segment->p_type);
		}
		if (error)
			return error;
	}
	if (elf->text_end == 0)
		return rex_refuse(message, -ENOEXEC, "REX0703: no executable segment");
	if (!relro || !elf->dynamic)
		return rex_refuse(message, -ENOEXEC, "REX0701: no PT_GNU_RELRO, or no PT_DYNAMIC");
	for (i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_W &&
		    relro->p_vaddr == segment->p_vaddr && relro->p_offset == segment->p_offset &&
		    relro->p_memsz != 0 &&
		    IS_ALIGNED(relro->p_memsz, REX_PAGE_SIZE) &&
		    relro->p_memsz <= segment->p_memsz) {
			elf->relro_start = relro->p_vaddr;
			elf->relro_end = relro->p_vaddr + relro->p_memsz;
			return 0;
		}
	}
	return rex_refuse(message, -ENOEXEC,
			  "REX0705: PT_GNU_RELRO is not whole pages of a writable segment");
}

/* A table's section: in the file, aligned, of whole entries. */
static int check_table(const struct rex_elf *elf, const Elf64_Shdr *section, size_t entry,
		       const char *name, struct rex_message *message)
{
	if (!in_file(elf, section->sh_offset, section->sh_size) || !IS_ALIGNED(section->sh_offset, 8) ||
	    section->sh_entsize != entry || section->sh_size % entry != 0 ||
	    section->sh_size / entry > SYMBOLS_MAX)
		return rex_refuse(message, -ENOEXEC, "%s is malformed", name);
	return 0;
}

/* A string table: in the file, and it ends with NUL. */
static const char *string_table(const struct rex_elf *elf, u32 index)
{
	const Elf64_Shdr *section;

	if (index == 0 || index >= elf->section_count)
		return NULL;
	section = &elf->sections[index];
	if (section->sh_type != SHT_STRTAB || section->sh_size == 0 ||
	    !in_file(elf, section->sh_offset, section->sh_size) ||
	    elf->bytes[section->sh_offset + section->sh_size - 1] != '\0')
		return NULL;
	return (const char *)elf->bytes + section->sh_offset;
}

/* Every name of a symbol table must be in its string table. */
static int read_symbols(const struct rex_elf *elf, const Elf64_Shdr *section, const char *what,
			const Elf64_Sym **symbols, u32 *count, const char **names,
			struct rex_message *message)
{
	int error = check_table(elf, section, sizeof(**symbols), what, message);
	u32 i;

	if (error)
		return error;
	if (*symbols)
		return rex_refuse(message, -ENOEXEC, "there is more than one %s", what);
	*names = string_table(elf, section->sh_link);
	if (!*names)
		return rex_refuse(message, -ENOEXEC, "%s has no table of names", what);
	*symbols = (const void *)(elf->bytes + section->sh_offset);
	*count = section->sh_size / sizeof(**symbols);
	if (*count == 0 || memchr_inv(*symbols, 0, sizeof(**symbols)))
		return rex_refuse(message, -ENOEXEC, "REX0716: %s does not begin with the null symbol", what);
	for (i = 0; i < *count; i++) {
		if ((*symbols)[i].st_name >= elf->sections[section->sh_link].sh_size)
			return rex_refuse(message, -ENOEXEC, "%s: symbol %u has no name", what, i);
	}
	return 0;
}

static int read_relocations(struct rex_elf *elf, const Elf64_Shdr *section,
			    struct rex_message *message)
{
	int error = check_table(elf, section, sizeof(*elf->relocations), ".rela.dyn", message);

	if (error)
		return error;
	if (elf->relocations)
		return rex_refuse(message, -ENOEXEC, "REX0706: more than one relocation section");
	elf->relocations = (const void *)(elf->bytes + section->sh_offset);
	elf->relocation_count = section->sh_size / sizeof(*elf->relocations);
	return 0;
}

static int read_maps_section(struct rex_elf *elf, const Elf64_Shdr *section,
			     struct rex_message *message)
{
	if (elf->maps_end != 0 || section->sh_addr < elf->relro_start ||
	    section->sh_addr > elf->relro_end ||
	    section->sh_size > elf->relro_end - section->sh_addr || section->sh_size == 0 ||
	    section->sh_size % sizeof(struct rex_map_definition) != 0 ||
	    !IS_ALIGNED(section->sh_addr, 8) || !rex_elf_at(elf, section->sh_addr, section->sh_size))
		return rex_refuse(message, -ENOEXEC,
				  "REX0719: .maps is not a row of definitions inside PT_GNU_RELRO");
	elf->maps_start = section->sh_addr;
	elf->maps_end = section->sh_addr + section->sh_size;
	return 0;
}

static int read_sections(struct rex_elf *elf, struct rex_message *message)
{
	const u32 names_index = ((const Elf64_Ehdr *)elf->bytes)->e_shstrndx;
	const char *names = string_table(elf, names_index);
	u32 i;

	if (!names)
		return rex_refuse(message, -ENOEXEC, "REX0706: the sections have no names");
	elf->section_names = names;
	for (i = 0; i < elf->section_count; i++) {
		const Elf64_Shdr *section = &elf->sections[i];
		const char *name = names + section->sh_name;
		int error = 0;

		if (section->sh_name >= elf->sections[names_index].sh_size)
			return rex_refuse(message, -ENOEXEC, "REX0706: section %u has no name", i);
		switch (section->sh_type) {
		case SHT_DYNSYM:
			error = read_symbols(elf, section, ".dynsym", &elf->dynamic_symbols,
					     &elf->dynamic_symbol_count, &elf->dynamic_names, message);
			break;
		case SHT_SYMTAB:
			error = read_symbols(elf, section, ".symtab", &elf->symbols,
					     &elf->symbol_count, &elf->names, message);
			break;
		case SHT_RELA:
			error = read_relocations(elf, section, message);
			break;
		case SHT_REL:
			error = rex_refuse(message, -ENOEXEC, "REX0706: section %u is SHT_REL", i);
			break;
		case SHT_NOTE:
			if (elf->note || !in_file(elf, section->sh_offset, section->sh_size) ||
			    !IS_ALIGNED(section->sh_offset, 8) || section->sh_size > REX_FILE_MAX)
				return rex_refuse(message, -ENOEXEC,
						  "REX0740: the note is malformed, or there is more than one");
			elf->note = elf->bytes + section->sh_offset;
			elf->note_size = section->sh_size;
			break;
		case SHT_PROGBITS:
			if (strcmp(name, ".maps") == 0)
				error = read_maps_section(elf, section, message);
			break;
		default:
			break;
		}
		if (error)
			return error;
	}
	if (!elf->note || !elf->symbols || !elf->dynamic_symbols || !elf->relocations)
		return rex_refuse(message, -ENOEXEC,
				  "the file lacks one of .note.rex, .symtab, .dynsym, .rela.dyn");
	return 0;
}

static int compare_functions(const void *left, const void *right)
{
	const struct rex_elf_function *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

/* Functions' names are shown in /proc/kallsyms and in the log: one word of ASCII each, as compilers make them. */
static bool is_function_name(const char *name)
{
	const char *at = name;

	while (isascii(*at) && isgraph(*at))
		at++;
	return at > name && *at == '\0';
}

static int collect_functions(struct rex_elf *elf, struct rex_message *message)
{
	u32 i;

	elf->functions = kvcalloc(elf->symbol_count + 1, sizeof(*elf->functions), GFP_KERNEL);
	if (!elf->functions)
		return rex_refuse(message, -ENOMEM, "no memory for the functions");
	for (i = 1; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
			continue;
		if (symbol->st_value < elf->text_start || symbol->st_value >= elf->text_end ||
		    symbol->st_size == 0 || symbol->st_size > elf->text_end - symbol->st_value)
			return rex_refuse(message, -ENOEXEC,
					  "REX0721: function %.64s lies outside the executable segment",
					  elf->names + symbol->st_name);
		if (!is_function_name(elf->names + symbol->st_name))
			return rex_refuse(message, -ENOEXEC,
					  "REX0716: the name of the function at 0x%llx is no symbol's",
					  symbol->st_value);
		elf->functions[elf->function_count++] = (struct rex_elf_function){
			.start = symbol->st_value,
			.size = symbol->st_size,
			.name = elf->names + symbol->st_name,
			.section = elf->section_names + elf->sections[symbol->st_shndx].sh_name,
			.global = ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL,
		};
	}
	sort(elf->functions, elf->function_count, sizeof(*elf->functions), compare_functions, NULL);
	for (i = 1; i < elf->function_count; i++) {
		if (elf->functions[i].start - elf->functions[i - 1].start < elf->functions[i - 1].size)
			return rex_refuse(message, -ENOEXEC, "REX0721: functions %.64s and %.64s overlap",
					  elf->functions[i - 1].name, elf->functions[i].name);
	}
	return 0;
}

int rex_elf_read(struct rex_elf *elf, const u8 *bytes, size_t size, struct rex_message *message)
{
	int error;

	*elf = (struct rex_elf){.bytes = bytes, .size = size};
	error = read_header(elf, message);
	if (!error)
		error = read_segments(elf, message);
	if (!error)
		error = read_sections(elf, message);
	if (!error)
		error = rex_layout_check_sections(elf, message);
	if (!error)
		error = rex_layout_check_symbols(elf, message);
	if (!error)
		error = collect_functions(elf, message);
	if (error)
		rex_elf_free(elf);
	return error;
}

void rex_elf_free(struct rex_elf *elf)
{
	kvfree(elf->functions);
	elf->functions = NULL;
}

const u8 *rex_elf_at(const struct rex_elf *elf, u64 address, u32 size)
{
	u32 i;

	for (i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *segment = &elf->segments[i];

		if (segment->p_type == PT_LOAD && address >= segment->p_vaddr &&
		    address - segment->p_vaddr <= segment->p_filesz &&
		    size <= segment->p_filesz - (address - segment->p_vaddr))
			return elf->bytes + segment->p_offset + (address - segment->p_vaddr);
	}
	return NULL;
}

static int compare_start(const void *key, const void *element)
{
	const u64 address = *(const u64 *)key;
	const struct rex_elf_function *function = element;

	return address < function->start ? -1 : address > function->start;
}

const struct rex_elf_function *rex_elf_function_at(const struct rex_elf *elf, u64 address)
{
	return bsearch(&address, elf->functions, elf->function_count, sizeof(*elf->functions),
		       compare_start);
}

const struct rex_elf_function *rex_elf_function(const struct rex_elf *elf, const char *name)
{
	u32 i;

	for (i = 0; i < elf->function_count; i++) {
		if (strcmp(elf->functions[i].name, name) == 0)
			return &elf->functions[i];
	}
	return NULL;
}

bool rex_elf_has_object(const struct rex_elf *elf, const char *name, u64 address)
{
	u32 i;

	for (i = 1; i < elf->symbol_count; i++) {
		const Elf64_Sym *symbol = &elf->symbols[i];

		if (ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT && symbol->st_value == address &&
		    strcmp(elf->names + symbol->st_name, name) == 0)
			return true;
	}
	return false;
}
