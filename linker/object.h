/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ELF object in memory, read once, every table bounds-checked (ELF gABI, x86-64 psABI). The
 * reader answers "is this well-formed enough to look at"; whether it obeys the object contract is
 * the verifier's question. All strings and bytes point into the file.
 *
 * What holds of every object that was read:
 *   - it is ELF64, little-endian, x86-64, of any e_type;
 *   - the bytes of each section but SHT_NOBITS and SHT_NULL ones, and of each segment, lie in the
 * file; addresses do not wrap; alignments are 0 or powers of two; file_size <= memory_size;
 *   - there is at most one SHT_SYMTAB, one SHT_DYNSYM and one section .rela.dyn;
 *   - names are NUL-terminated, symbols' section indices are below section_count or reserved ones,
 *     relocations' symbol indices are below dynamic_symbol_count (0 for "none" always is allowed);
 *   - the bytes of a function lie in its section;
 *   - the names of all symbols of a table together are no longer than OBJECT_FILE_MAX, so that
 * sorting and finding them takes a time that grows with the file, even where names share their
 * bytes.
 */
#ifndef REXC_LINKER_OBJECT_H
#define REXC_LINKER_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

struct object_segment { /* a program header */
    uint32_t type, flags;
    uint64_t offset, vaddr, file_size, memory_size, align;
};

struct object_section {
    const char *name;
    uint32_t type, link, info;
    uint64_t flags, address, offset, size, align, entry_size;
};

struct object_symbol {
    const char *name;
    uint64_t value, size;
    uint16_t section; /* index, or SHN_UNDEF, SHN_ABS ... */
    uint8_t type;     /* STT_* */
    uint8_t bind;     /* STB_* */
    uint8_t visibility;
};

struct object_relocation {
    uint64_t offset; /* image address */
    uint32_t type;   /* R_X86_64_* */
    uint32_t symbol; /* index in dynamic_symbols */
    int64_t addend;
};

/* A defined STT_FUNC symbol of .symtab, in an executable section. Sorted by address, then name;
 * several may share an address (aliases). */
struct object_function {
    const char *name;
    uint64_t address, size;
    uint16_t section;
};

struct object {
    const uint8_t *bytes; /* the ELF file, without the signature */
    size_t size;
    const uint8_t
        *signature; /* what follows it: CMS + struct module_signature + magic; NULL when unsigned */
    size_t signature_size;

    Elf64_Ehdr header;
    struct object_segment *segments;
    size_t segment_count;
    struct object_section *sections; /* [0] is the null section */
    size_t section_count;
    struct object_symbol *symbols; /* .symtab, [0] is the null symbol */
    size_t symbol_count;
    struct object_symbol *dynamic_symbols; /* .dynsym */
    size_t dynamic_symbol_count;
    struct object_relocation *relocations; /* .rela.dyn, in file order */
    size_t relocation_count;
    struct object_function *functions;
    size_t function_count;

    /* Private. */
    const uint8_t *file;             /* all bytes, signature included */
    uint8_t *owned;                  /* the same when they are the object's own; else NULL */
    struct object_relocation *slots; /* the R_X86_64_GLOB_DAT ones, sorted by offset */
    size_t slot_count;
    const struct object_symbol *
        *names; /* symbols but the null symbol, sorted by name, then index */
    size_t name_count;
};

/* Largest file that is read, bytes: an image is at most REX_IMAGE_MAX, the rest is debug sections.
 */
#define OBJECT_FILE_MAX ((size_t)64 << 20)

/* Reads an object from bytes: a view of them, for as long as they stay as they are, or a copy. name
 * is for messages. On failure reports one diagnostic and returns -1 with *object NULL. Never
 * crashes on any input. */
int object_view(struct diag *diag, const char *name, const uint8_t *bytes, size_t size,
                struct object **object);
int object_read(struct diag *diag, const char *name, const void *bytes, size_t size,
                struct object **object);
int object_read_file(struct diag *diag, const char *path, struct object **object);
void object_free(struct object *object);

/* Where the signature starts in a file's bytes: *elf_size bytes before it, and whether there is
 * one. The tail is as the kernel's kernel/module_signature.c has it: CMS, struct module_signature,
 * magic. A file that ends with the magic but whose lengths do not fit has all of its bytes counted
 * as signature tail that cannot be parsed: returns -1. */
int object_split_signature(const uint8_t *bytes, size_t size, size_t *elf_size, bool *is_signed);

/* The bytes of a section; NULL when it has none in the file (SHT_NOBITS, SHT_NULL). */
const uint8_t *object_section_bytes(const struct object *object,
                                    const struct object_section *section);
/* The first one of that name; NULL when there is none. A symbol is found in logarithmic time. */
const struct object_section *object_section(const struct object *object, const char *name);
const struct object_symbol *object_symbol(const struct object *object, const char *name);
/* The first function with that start address; of the functions that start last at or before the
 * address, the first that contains it. NULL when there is none. */
const struct object_function *object_function_at(const struct object *object, uint64_t address);
const struct object_function *object_function_containing(const struct object *object,
                                                         uint64_t address);
/* The file bytes that are mapped at [address, address + size); NULL when not all of them are in the
 * file's part of one PT_LOAD. */
const uint8_t *object_bytes_at(const struct object *object, uint64_t address, uint64_t size);
/* The dynamic symbol whose R_X86_64_GLOB_DAT fills the slot at that address; NULL when there is
 * none. */
const struct object_symbol *object_slot_symbol(const struct object *object, uint64_t slot);

#endif
