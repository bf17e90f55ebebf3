// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loader follows the program headers, people and their tools the section headers. What is checked here makes both
 * see the same, so that nobody signs something else than what is loaded. linker/verify_elf.c and verify_programs.c
 * are rexc's side of it.
 */
#include <linux/log2.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "runtime/abi/rex_imports.h"
#include "runtime/kernel/layout.h"

/* Of the ELF gABI and its GNU extensions; the kernel's elf.h has what the kernel's own loaders need. */
#define SHF_MERGE 0x10u
#define SHF_STRINGS 0x20u
#define SHF_INFO_LINK 0x40u
#define SHF_GNU_RETAIN 0x200000u
#define SHT_GNU_HASH 0x6ffffff6u
#define DT_BIND_NOW 24
#define DT_FLAGS 30
#define DF_SYMBOLIC 0x2ull
#define DF_BIND_NOW 0x8ull
#define REX_DT_GNU_HASH 0x6ffffef5
#define REX_DT_RELACOUNT 0x6ffffff9
#define REX_DT_FLAGS_1 0x6ffffffb
#define DF_1_NOW 0x1ull
#define DF_1_PIE 0x8000000ull

#define DYNAMIC_MAX 64
#define PIECES_MAX 80

/* Where a section may stand. */
enum place { NOT_LOADED, READ_ONLY, EXECUTABLE, RELRO, WRITABLE };

struct form {
	const char *name; /* a trailing '*' stands for any further characters */
	u32 type;
	enum place place;
};

static const struct form forms[] = {
	{".dynsym", SHT_DYNSYM, READ_ONLY},
	{".gnu.hash", SHT_GNU_HASH, READ_ONLY},
	{".hash", SHT_HASH, READ_ONLY},
	{".dynstr", SHT_STRTAB, READ_ONLY},
	{".rela.dyn", SHT_RELA, READ_ONLY},
	{".rodata", SHT_PROGBITS, READ_ONLY},
	{".text", SHT_PROGBITS, EXECUTABLE},
	{".dynamic", SHT_DYNAMIC, RELRO},
	{".got", SHT_PROGBITS, RELRO},
	{".maps", SHT_PROGBITS, RELRO},
	{".data.rel.ro", SHT_PROGBITS, RELRO},
	{".relro_padding", SHT_NOBITS, RELRO},
	{".data", SHT_PROGBITS, WRITABLE},
	{".bss", SHT_NOBITS, WRITABLE},
	{".symtab", SHT_SYMTAB, NOT_LOADED},
	{".strtab", SHT_STRTAB, NOT_LOADED},
	{".shstrtab", SHT_STRTAB, NOT_LOADED},
	{".comment", SHT_PROGBITS, NOT_LOADED},
	{".note.rex", SHT_NOTE, NOT_LOADED},
	{".BTF", SHT_PROGBITS, NOT_LOADED},
	{".debug_*", SHT_PROGBITS, NOT_LOADED},
};

static const struct form program_form = {"", SHT_PROGBITS, EXECUTABLE};

/* Whether text begins with a name of the kernel's, of a symbol, tracepoint category or event; *rest is behind it. */
static bool has_kernel_name(const char *text, const char **rest)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	const size_t length = strspn(text, letters);

	*rest = text + length;
	return length > 0;
}

int rex_type_of_section(const char *section)
{
	static const char kprobe[] = "kprobe/", tracepoint[] = "tracepoint/";
	const char *rest;

	if (strncmp(section, kprobe, sizeof(kprobe) - 1) == 0)
		return has_kernel_name(section + sizeof(kprobe) - 1, &rest) && *rest == '\0' ?
			       REX_PROGRAM_KPROBE : -ENOENT;
	if (strncmp(section, tracepoint, sizeof(tracepoint) - 1) == 0)
		return has_kernel_name(section + sizeof(tracepoint) - 1, &rest) && *rest == '/' &&
				       has_kernel_name(rest + 1, &rest) && *rest == '\0' ?
			       REX_PROGRAM_TRACEPOINT : -ENOENT;
	if (strcmp(section, "kprobe") == 0)
		return REX_PROGRAM_KPROBE;
	if (strcmp(section, "perf_event") == 0)
		return REX_PROGRAM_PERF_EVENT;
	if (strcmp(section, "xdp") == 0)
		return REX_PROGRAM_XDP;
	return strcmp(section, "tc") == 0 ? REX_PROGRAM_TC : -ENOENT;
}

static const struct form *form_of(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		const size_t length = strlen(forms[i].name) - 1;
		const bool open = forms[i].name[length] == '*';

		if (open ? strncmp(name, forms[i].name, length) == 0 : strcmp(name, forms[i].name) == 0)
			return &forms[i];
	}
	return rex_type_of_section(name) >= 0 ? &program_form : NULL;
}

static const char *name_of(const struct rex_elf *elf, const Elf64_Shdr *section)
{
	return elf->section_names + section->sh_name;
}

static const Elf64_Shdr *section_named(const struct rex_elf *elf, const char *name)
{
	u32 i;

	for (i = 1; i < elf->section_count; i++) {
		if (strcmp(name_of(elf, &elf->sections[i]), name) == 0)
			return &elf->sections[i];
	}
	return NULL;
}

/* The section of that name as a range of image addresses, empty when there is none. */
static struct rex_range range_of(const struct rex_elf *elf, const char *name)
{
	const Elf64_Shdr *section = section_named(elf, name);

	/* They have been found to be in the image, which is smaller than 4 GiB. */
	return section ? (struct rex_range){.start = section->sh_addr,
					    .end = section->sh_addr + section->sh_size} :
			 (struct rex_range){};
}

/* In the segment that has its address, at the same place in the file, with the right permissions. */
static bool is_placed(const struct rex_elf *elf, const Elf64_Shdr *section, enum place place)
{
	const u64 start = section->sh_addr, size = section->sh_size;
	const bool relro = start >= elf->relro_start && start <= elf->relro_end &&
			   size <= elf->relro_end - start;
	u32 i;

	for (i = 0; i < elf->segment_count; i++) {
		const Elf64_Phdr *load = &elf->segments[i];
		const u64 at = start - load->p_vaddr;

		if (load->p_type != PT_LOAD || start < load->p_vaddr || at > load->p_memsz ||
		    size > load->p_memsz - at)
			continue;
		if (section->sh_type == SHT_NOBITS) {
			if (at < load->p_filesz)
				return false;
		} else if (section->sh_offset != load->p_offset + at || at > load->p_filesz ||
			   size > load->p_filesz - at) {
			return false;
		}
		switch (place) {
		case READ_ONLY:
			return !(load->p_flags & (PF_W | PF_X));
		case EXECUTABLE:
			return load->p_flags & PF_X;
		case RELRO:
			return load->p_flags & PF_W && relro;
		case WRITABLE:
			return load->p_flags & PF_W &&
			       (start >= elf->relro_end || start + size <= elf->relro_start);
		default:
			return false;
		}
	}
	return false;
}

static bool is_good_section(const struct rex_elf *elf, u32 index)
{
	static const u64 flags[] = {
		[NOT_LOADED] = 0,
		[READ_ONLY] = SHF_ALLOC,
		[EXECUTABLE] = SHF_ALLOC | SHF_EXECINSTR,
		[RELRO] = SHF_ALLOC | SHF_WRITE,
		[WRITABLE] = SHF_ALLOC | SHF_WRITE,
	};
	/* What linkers add and loaders ignore. */
	const u64 harmless = SHF_MERGE | SHF_STRINGS | SHF_INFO_LINK | SHF_GNU_RETAIN;
	const Elf64_Shdr *section = &elf->sections[index];
	const struct form *form = form_of(name_of(elf, section));

	if (!form || section->sh_type != form->type ||
	    (section->sh_flags & ~harmless) != flags[form->place] ||
	    (section->sh_addralign != 0 && !is_power_of_2(section->sh_addralign)) ||
	    section->sh_addr + section->sh_size < section->sh_addr)
		return false;
	if (section->sh_type != SHT_NOBITS &&
	    (section->sh_offset > elf->size || section->sh_size > elf->size - section->sh_offset))
		return false;
	return form->place == NOT_LOADED ? section->sh_addr == 0 : is_placed(elf, section, form->place);
}

static int check_sections(const struct rex_elf *elf, struct rex_message *message)
{
	u32 i, j;

	if (memchr_inv(&elf->sections[0], 0, sizeof(elf->sections[0])))
		return rex_refuse(message, -ENOEXEC, "REX0706: section 0 is not empty");
	for (i = 1; i < elf->section_count; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (!is_good_section(elf, i))
			return rex_refuse(message, -ENOEXEC,
					  "REX0706: section %u has another name, type or flags than objects have, or is not where its segment puts it",
					  i);
		for (j = 1; j < i; j++) {
			const Elf64_Shdr *other = &elf->sections[j];

			if (strcmp(name_of(elf, section), name_of(elf, other)) == 0)
				return rex_refuse(message, -ENOEXEC, "REX0706: sections %u and %u have one name",
						  j, i);
			if (section->sh_flags & other->sh_flags & SHF_ALLOC &&
			    section->sh_addr < other->sh_addr + other->sh_size &&
			    other->sh_addr < section->sh_addr + section->sh_size)
				return rex_refuse(message, -ENOEXEC, "REX0707: section %u lies over section %u", i,
						  j);
		}
	}
	return 0;
}

/* A part of the file that something accounts for. */
struct piece {
	u64 start, end;
};

static int compare_pieces(const void *left, const void *right)
{
	const struct piece *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? -1 : a->end > b->end;
}

/* Zeroes, or int3 after code, less than a page. */
static bool is_padding(const struct rex_elf *elf, u64 start, u64 end)
{
	u64 i;

	for (i = start; i < end; i++) {
		if (elf->bytes[i] != 0x00 && elf->bytes[i] != 0xcc)
			return false;
	}
	return end - start < REX_PAGE_SIZE;
}

static int check_hidden_bytes(const struct rex_elf *elf, struct rex_message *message)
{
	const Elf64_Ehdr *header = (const void *)elf->bytes;
	struct piece pieces[PIECES_MAX] = {
		{0, sizeof(*header)},
		{header->e_phoff, header->e_phoff + elf->segment_count * sizeof(Elf64_Phdr)},
		{header->e_shoff, header->e_shoff + elf->section_count * sizeof(Elf64_Shdr)},
	};
	u32 count = 3, i;
	u64 end = 0;

	for (i = 1; i < elf->section_count && count < PIECES_MAX; i++) {
		const Elf64_Shdr *section = &elf->sections[i];

		if (section->sh_type != SHT_NOBITS && section->sh_size != 0)
			pieces[count++] = (struct piece){section->sh_offset,
							 section->sh_offset + section->sh_size};
	}
	sort(pieces, count, sizeof(pieces[0]), compare_pieces, NULL);
	for (i = 0; i < count; i++) {
		if (pieces[i].start < end || !is_padding(elf, end, pieces[i].start))
			return rex_refuse(message, -ENOEXEC,
					  "REX0708: parts of the file overlap, or belong to nothing, at offset 0x%llx",
					  pieces[i].start);
		end = pieces[i].end;
	}
	if (end != elf->size)
		return rex_refuse(message, -ENOEXEC, "REX0708: bytes follow the last part of the file");
	return 0;
}

/* What a dynamic tag has to say: the address or size of a section, or a value with only these bits. */
static bool is_dynamic_entry(const struct rex_elf *elf, const Elf64_Dyn *entry)
{
	static const struct {
		s64 tag;
		const char *section;
		bool is_size;
	} tables[] = {
		{DT_RELA, ".rela.dyn", false},	  {DT_RELASZ, ".rela.dyn", true},
		{DT_SYMTAB, ".dynsym", false},	  {DT_STRTAB, ".dynstr", false},
		{DT_STRSZ, ".dynstr", true},	  {REX_DT_GNU_HASH, ".gnu.hash", false},
		{DT_HASH, ".hash", false},
	};
	const u64 value = entry->d_un.d_val;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		const Elf64_Shdr *section;

		if (entry->d_tag != tables[i].tag)
			continue;
		section = section_named(elf, tables[i].section);
		return section && value == (tables[i].is_size ? section->sh_size : section->sh_addr);
	}
	switch (entry->d_tag) {
	case DT_RELAENT:
		return value == sizeof(Elf64_Rela);
	case DT_SYMENT:
		return value == sizeof(Elf64_Sym);
	case REX_DT_RELACOUNT:
		return value <= elf->relocation_count;
	case DT_FLAGS:
		return !(value & ~(DF_SYMBOLIC | DF_BIND_NOW));
	case REX_DT_FLAGS_1:
		return !(value & ~(DF_1_NOW | DF_1_PIE));
	case DT_DEBUG:
		return value == 0;
	case DT_SYMBOLIC:
	case DT_BIND_NOW:
		return true;
	default:
		return false;
	}
}

static bool is_dynamic_table(const struct rex_elf *elf, const Elf64_Dyn *entries, size_t count)
{
	static const s64 needed[] = {DT_RELA, DT_RELASZ, DT_RELAENT, DT_SYMTAB, DT_SYMENT, DT_STRTAB, DT_STRSZ};
	size_t found = 0, i, j;

	for (i = 0; i < count && entries[i].d_tag != DT_NULL; i++) {
		if (!is_dynamic_entry(elf, &entries[i]))
			return false;
		for (j = 0; j < i; j++) {
			if (entries[j].d_tag == entries[i].d_tag)
				return false;
		}
		for (j = 0; j < ARRAY_SIZE(needed); j++)
			found += entries[i].d_tag == needed[j];
	}
	return found == ARRAY_SIZE(needed) && i < count &&
	       !memchr_inv(&entries[i], 0, (count - i) * sizeof(*entries));
}

static int check_dynamic(const struct rex_elf *elf, struct rex_message *message)
{
	const Elf64_Shdr *section = section_named(elf, ".dynamic");
	const Elf64_Shdr *strings = section_named(elf, ".dynstr");
	const Elf64_Shdr *symbols = section_named(elf, ".dynsym");
	const Elf64_Shdr *relocations = section_named(elf, ".rela.dyn");
	const Elf64_Phdr *segment = elf->dynamic;

	if (!section || !strings || !symbols || !relocations || section->sh_addr != segment->p_vaddr ||
	    section->sh_size != segment->p_memsz || section->sh_offset != segment->p_offset ||
	    section->sh_size != segment->p_filesz || !IS_ALIGNED(section->sh_offset, 8) ||
	    section->sh_size % sizeof(Elf64_Dyn) != 0 ||
	    section->sh_size > DYNAMIC_MAX * sizeof(Elf64_Dyn) ||
	    symbols->sh_link != strings - elf->sections ||
	    relocations->sh_link != symbols - elf->sections ||
	    !is_dynamic_table(elf, (const void *)(elf->bytes + section->sh_offset),
			      section->sh_size / sizeof(Elf64_Dyn)))
		return rex_refuse(message, -ENOEXEC,
				  "REX0710: the dynamic table does not say what the sections say");
	return 0;
}

int rex_layout_check_sections(struct rex_elf *elf, struct rex_message *message)
{
	int error = check_sections(elf, message);

	if (!error)
		error = check_hidden_bytes(elf, message);
	if (!error)
		error = check_dynamic(elf, message);
	elf->got = range_of(elf, ".got");
	elf->constants = range_of(elf, ".data.rel.ro");
	elf->dynamic_table = range_of(elf, ".dynamic");
	return error;
}
