/* SPDX-License-Identifier: Apache-2.0 */
/* A well-formed object of about a kilobyte, made by hand, with the places of its parts, so that
 * tests can break one. It is well-formed for the reader; it does not obey the object contract. */
#ifndef REXC_TEST_SMALL_OBJECT_H
#define REXC_TEST_SMALL_OBJECT_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

enum small_section {
    SMALL_NULL,
    SMALL_TEXT,
    SMALL_GOT,
    SMALL_MAPS,
    SMALL_DYNSYM,
    SMALL_DYNSTR,
    SMALL_RELA,
    SMALL_NOTE,
    SMALL_SYMTAB,
    SMALL_STRTAB,
    SMALL_SHSTRTAB,
    SMALL_SECTIONS,
};

/* Functions: f and its alias f2 at the start of .text, 8 bytes; g behind them, 4 bytes. One map,
 * "M". GLOB_DAT for bpf_ktime_get_ns in the second slot of .got, RELATIVE in the first. Addresses
 * are file offsets. */
struct small_object {
    uint8_t bytes[4096];
    size_t size;
    Elf64_Ehdr *header;
    Elf64_Phdr *segments;       /* PT_LOAD of all that is loaded, PT_GNU_RELRO */
    Elf64_Shdr *sections;       /* SMALL_SECTIONS of them */
    Elf64_Sym *symbols;         /* null, f, f2, g, M, limit (absolute) */
    Elf64_Sym *dynamic_symbols; /* null, bpf_ktime_get_ns */
    Elf64_Rela *relocations;    /* RELATIVE, GLOB_DAT */
    uint32_t btf_name;          /* ".BTF" in .shstrtab, for a section that a test puts there */
};

void small_object_make(struct small_object *object);

#endif
