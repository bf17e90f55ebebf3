/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An object file, taken apart and checked: what the loader relies on and no more (docs/object-format.md has
 * the whole contract). Everything here points into the file or was allocated by rex_elf_read(); every
 * offset and address has been checked against the sizes that it must stay in.
 */
#ifndef REX_KERNEL_ELF_H
#define REX_KERNEL_ELF_H

#include <linux/elf.h>
#include <linux/types.h>

#include "runtime/abi/rex_abi.h"
#include "runtime/kernel/message.h"

/* Bytes of a file that the kernel takes; rexc's own limit is higher, for debug information. */
#define REX_FILE_MAX (64u << 20)

/* More dynamic symbols than there are imports. */
#define REX_DYNAMIC_SYMBOLS_MAX 1024

/* Image addresses, the last one excluded. */
struct rex_range {
	u32 start, end;
};

struct rex_elf_function {
	u32 start; /* image address */
	u32 size;
	const char *name;
	const char *section; /* that it is in */
	bool global;
};

struct rex_elf {
	const u8 *bytes;
	size_t size;
	const Elf64_Phdr *segments;
	u32 segment_count;
	const Elf64_Phdr *dynamic; /* PT_DYNAMIC */
	const Elf64_Shdr *sections;
	u32 section_count;
	const char *section_names;
	u32 image_size; /* whole pages */
	u32 text_start, text_end; /* the executable segment's bytes */
	u32 relro_start, relro_end; /* whole pages */
	const Elf64_Sym *dynamic_symbols; /* the first is the null symbol */
	u32 dynamic_symbol_count;
	const char *dynamic_names;
	const Elf64_Rela *relocations;
	u32 relocation_count;
	const Elf64_Sym *symbols;
	u32 symbol_count;
	const char *names;
	struct rex_elf_function *functions; /* by address, none over another; allocated */
	u32 function_count;
	u32 program_count; /* functions in programs' sections */
	u32 map_count; /* symbols in .maps */
	struct rex_range got, constants, dynamic_table; /* sections .got, .data.rel.ro and .dynamic */
	u32 maps_start, maps_end; /* section .maps; both 0: there is none */
	const u8 *note; /* section .note.rex */
	u32 note_size;
};

/* Returns 0, or an error with the message. The file must outlive *elf. */
int rex_elf_read(struct rex_elf *elf, const u8 *bytes, size_t size, struct rex_message *message);
void rex_elf_free(struct rex_elf *elf);
/* The bytes at an image address, as the file has them; NULL unless all of them are there. */
const u8 *rex_elf_at(const struct rex_elf *elf, u64 address, u32 size);
/* The function that starts there; NULL when none does. */
const struct rex_elf_function *rex_elf_function_at(const struct rex_elf *elf, u64 address);
/* Whether a variable of that name is there. */
bool rex_elf_has_object(const struct rex_elf *elf, const char *name, u64 address);
/* The function of that name; NULL when there is none. */
const struct rex_elf_function *rex_elf_function(const struct rex_elf *elf, const char *name);

#endif
