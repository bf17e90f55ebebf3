/* SPDX-License-Identifier: Apache-2.0 */
#include "small_object.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/note.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

/* The next free place, 8-byte aligned. */
static void *reserve(struct small_object *object, size_t size)
{
    object->size = (object->size + 7) & ~(size_t)7;
    void *place = object->bytes + object->size;
    object->size += size;
    if (object->size > sizeof(object->bytes))
        abort();
    return place;
}

static void *add_section(struct small_object *object, enum small_section index, uint32_t type,
                         uint64_t flags, size_t size, size_t entry_size, uint32_t link)
{
    void *place = reserve(object, size);
    uint64_t offset = (uint64_t)((uint8_t *)place - object->bytes);
    object->sections[index].sh_type = type;
    object->sections[index].sh_flags = flags;
    object->sections[index].sh_addr = (flags & SHF_ALLOC) ? offset : 0;
    object->sections[index].sh_offset = offset;
    object->sections[index].sh_size = size;
    object->sections[index].sh_entsize = entry_size;
    object->sections[index].sh_link = link;
    object->sections[index].sh_addralign = 8;
    return place;
}

static void add_strings(struct small_object *object, enum small_section index, uint64_t flags,
                        const char *text, size_t size)
{
    memcpy(add_section(object, index, SHT_STRTAB, flags, size, 0, 0), text, size);
}

static void add_note(struct small_object *object)
{
    struct note_program program = {
        .name = "f",
        .section = "xdp",
        .type = REX_PROGRAM_XDP,
        .entry = object->sections[SMALL_TEXT].sh_addr,
        .stack_bound = 64,
    };
    struct note_pair pair = {"rexc", "test"};
    struct note note = {
        .license = "GPL",
        .programs = &program,
        .program_count = 1,
        .provenance = &pair,
        .provenance_count = 1,
    };
    struct buffer bytes = {0};
    if (note_write(NULL, "small object", &note, &bytes))
        abort();
    memcpy(add_section(object, SMALL_NOTE, SHT_NOTE, 0, bytes.length, 0, 0), bytes.data,
           bytes.length);
    buffer_free(&bytes);
}

static Elf64_Sym symbol(uint32_t name, int type, uint16_t section, uint64_t value, uint64_t size)
{
    return (Elf64_Sym){
        .st_name = name,
        .st_info = (unsigned char)ELF64_ST_INFO(STB_GLOBAL, type),
        .st_shndx = section,
        .st_value = value,
        .st_size = size,
    };
}

static void add_symbols(struct small_object *object)
{
    static const char names[] = "\0f\0f2\0g\0M\0limit";
    uint64_t text = object->sections[SMALL_TEXT].sh_addr;
    uint64_t maps = object->sections[SMALL_MAPS].sh_addr;

    object->symbols = add_section(object, SMALL_SYMTAB, SHT_SYMTAB, 0, 6 * sizeof(Elf64_Sym),
                                  sizeof(Elf64_Sym), SMALL_STRTAB);
    object->symbols[1] = symbol(1, STT_FUNC, SMALL_TEXT, text, 8);
    object->symbols[2] = symbol(3, STT_FUNC, SMALL_TEXT, text, 8);
    object->symbols[3] = symbol(6, STT_FUNC, SMALL_TEXT, text + 8, 4);
    object->symbols[4] = symbol(8, STT_OBJECT, SMALL_MAPS, maps, sizeof(struct rex_map_definition));
    object->symbols[5] = symbol(10, STT_NOTYPE, SHN_ABS, 16384, 0);
    add_strings(object, SMALL_STRTAB, 0, names, sizeof(names));
}

static void add_dynamic(struct small_object *object)
{
    static const char names[] = "\0bpf_ktime_get_ns";
    uint64_t got = object->sections[SMALL_GOT].sh_addr;

    object->dynamic_symbols = add_section(object, SMALL_DYNSYM, SHT_DYNSYM, SHF_ALLOC,
                                          2 * sizeof(Elf64_Sym), sizeof(Elf64_Sym), SMALL_DYNSTR);
    object->dynamic_symbols[1] = symbol(1, STT_NOTYPE, SHN_UNDEF, 0, 0);
    add_strings(object, SMALL_DYNSTR, SHF_ALLOC, names, sizeof(names));
    object->relocations = add_section(object, SMALL_RELA, SHT_RELA, SHF_ALLOC,
                                      2 * sizeof(Elf64_Rela), sizeof(Elf64_Rela), SMALL_DYNSYM);
    object->relocations[0] = (Elf64_Rela){got, ELF64_R_INFO(0, R_X86_64_RELATIVE), 0x40};
    object->relocations[1] = (Elf64_Rela){got + 8, ELF64_R_INFO(1, R_X86_64_GLOB_DAT), 0};
}

/* Sections' names are their places in this table. */
static void name_sections(struct small_object *object)
{
    static const char names[] = "\0.text\0.got\0.maps\0.dynsym\0.dynstr\0.rela.dyn\0.note.rex\0"
                                ".symtab\0.strtab\0.shstrtab\0.BTF";
    uint32_t at = 0;
    for (int i = 0; i < SMALL_SECTIONS; i++) {
        object->sections[i].sh_name = at;
        at += (uint32_t)strlen(names + at) + 1;
    }
    object->btf_name = at;
    add_strings(object, SMALL_SHSTRTAB, 0, names, sizeof(names));
}

void small_object_make(struct small_object *object)
{
    memset(object, 0, sizeof(*object));
    object->header = reserve(object, sizeof(Elf64_Ehdr));
    object->segments = reserve(object, 2 * sizeof(Elf64_Phdr));
    object->sections = reserve(object, SMALL_SECTIONS * sizeof(Elf64_Shdr));
    memset(add_section(object, SMALL_TEXT, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16, 0, 0), 0xc3,
           16);
    add_section(object, SMALL_GOT, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 16, 0, 0);
    struct rex_map_definition map = {
        .type = BPF_MAP_TYPE_HASH,
        .key_size = 4,
        .value_size = 8,
        .max_entries = 16,
    };
    memcpy(add_section(object, SMALL_MAPS, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, sizeof(map), 0, 0),
           &map, sizeof(map));
    add_dynamic(object);
    size_t loaded = object->size;
    add_note(object);
    add_symbols(object);
    name_sections(object);

    object->segments[0] = (Elf64_Phdr){
        .p_type = PT_LOAD, .p_flags = PF_R, .p_filesz = loaded, .p_memsz = loaded, .p_align = 4096};
    object->segments[1] = (Elf64_Phdr){.p_type = PT_GNU_RELRO, .p_flags = PF_R, .p_align = 1};
    *object->header = (Elf64_Ehdr){
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_phoff = (uint64_t)((uint8_t *)object->segments - object->bytes),
        .e_shoff = (uint64_t)((uint8_t *)object->sections - object->bytes),
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = 2,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SMALL_SECTIONS,
        .e_shstrndx = SMALL_SHSTRTAB,
    };
}
