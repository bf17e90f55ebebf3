/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/thunks.h"
#include "linker/imports.h"

#include <elf.h>
#include <string.h>

/* The sections, in this order: null, one of code and one of relocations for each import, one of
 * code for each branch thunk, then these. */
enum { SYMBOLS, STRINGS, STACK_NOTE, LAST_SECTIONS };

#define IMPORT_SECTIONS 2u

struct branch_thunk {
    const char *name;
    uint8_t size;
    uint8_t code[3];
};

static const struct branch_thunk branch_thunks[] = {
    {"__x86_indirect_thunk_r11", 3, {0x41, 0xff, 0xe3}},
    {"__x86_return_thunk", 1, {0xc3}},
};
#define BRANCH_THUNKS (sizeof(branch_thunks) / sizeof(branch_thunks[0]))

static const uint8_t import_code[THUNK_IMPORT_SIZE] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25};

/* The file in the making. Failed appends are seen in the buffers at the end. */
struct writer {
    struct buffer *object;
    struct buffer headers; /* section headers */
    struct buffer symbols; /* .symtab */
    struct buffer strings; /* .strtab, which also names the sections */
};

static Elf64_Word add_string(struct writer *writer, const char *prefix, const char *name)
{
    Elf64_Word offset = (Elf64_Word)writer->strings.length;
    buffer_string(&writer->strings, prefix);
    buffer_append(&writer->strings, name, strlen(name) + 1);
    return offset;
}

/* Appends the content, aligned, and its section header. */
static void add_section(struct writer *writer, Elf64_Shdr header, const void *content, size_t size)
{
    buffer_align(writer->object, header.sh_addralign);
    header.sh_offset = writer->object->length;
    header.sh_size = size;
    buffer_append(writer->object, content, size);
    buffer_append(&writer->headers, &header, sizeof(header));
}

#define TEXT_PREFIX ".text."

/* A section of code with one hidden function at its start, called like the section without
 * TEXT_PREFIX. */
static void add_thunk(struct writer *writer, const char *section_prefix, const char *name,
                      const uint8_t *code, size_t size)
{
    uint8_t slot[THUNK_SLOT];
    memset(slot, 0xcc, sizeof(slot)); /* int3 */
    memcpy(slot, code, size);
    size_t section = writer->headers.length / sizeof(Elf64_Shdr);
    Elf64_Word section_name = add_string(writer, section_prefix, name);
    add_section(writer,
                (Elf64_Shdr){.sh_name = section_name,
                             .sh_type = SHT_PROGBITS,
                             .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                             .sh_addralign = THUNK_SLOT},
                slot, sizeof(slot));
    Elf64_Sym symbol = {.st_name = section_name + (Elf64_Word)strlen(TEXT_PREFIX),
                        .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
                        .st_other = STV_HIDDEN,
                        .st_shndx = (Elf64_Section)section,
                        .st_size = size};
    buffer_append(&writer->symbols, &symbol, sizeof(symbol));
}

/* The thunk of an import: code, the import's undefined symbol, the relocation that makes the GOT
 * slot. */
static void add_import(struct writer *writer, const char *name, size_t symbol_section)
{
    add_thunk(writer, TEXT_PREFIX THUNK_PREFIX, name, import_code, sizeof(import_code));
    size_t code_section = writer->headers.length / sizeof(Elf64_Shdr) - 1;
    size_t index = writer->symbols.length / sizeof(Elf64_Sym);
    Elf64_Sym import = {.st_name = add_string(writer, "", name),
                        .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE)};
    buffer_append(&writer->symbols, &import, sizeof(import));
    /* Not R_X86_64_GOTPCRELX, which lets a linker replace the load (psABI, B.2). The addend makes
     * the value relative to the instruction's end. */
    Elf64_Rela relocation = {.r_offset = THUNK_IMPORT_DISPLACEMENT,
                             .r_info = ELF64_R_INFO(index, R_X86_64_GOTPCREL),
                             .r_addend = -4};
    add_section(writer,
                (Elf64_Shdr){.sh_name = add_string(writer, ".rela" TEXT_PREFIX THUNK_PREFIX, name),
                             .sh_type = SHT_RELA,
                             .sh_flags = SHF_INFO_LINK,
                             .sh_link = (Elf64_Word)symbol_section,
                             .sh_info = (Elf64_Word)code_section,
                             .sh_addralign = 8,
                             .sh_entsize = sizeof(Elf64_Rela)},
                &relocation, sizeof(relocation));
}

static size_t count_functions(void)
{
    size_t count = 0;
    for (size_t i = 0; i < import_count(); i++)
        count += import_at(i)->kind == REX_IMPORT_IS_FUNCTION;
    return count;
}

static void add_tables(struct writer *writer, size_t symbol_section)
{
    Elf64_Word symbol_name = add_string(writer, "", ".symtab");
    Elf64_Word string_name = add_string(writer, "", ".strtab");
    Elf64_Word note_name = add_string(writer, "", ".note.GNU-stack");
    add_section(writer,
                (Elf64_Shdr){.sh_name = symbol_name,
                             .sh_type = SHT_SYMTAB,
                             .sh_link = (Elf64_Word)(symbol_section + STRINGS),
                             .sh_info = 1, /* the first symbol that is not local */
                             .sh_addralign = 8,
                             .sh_entsize = sizeof(Elf64_Sym)},
                writer->symbols.data, writer->symbols.length);
    add_section(writer,
                (Elf64_Shdr){.sh_name = string_name, .sh_type = SHT_STRTAB, .sh_addralign = 1},
                writer->strings.data, writer->strings.length);
    add_section(writer,
                (Elf64_Shdr){.sh_name = note_name, .sh_type = SHT_PROGBITS, .sh_addralign = 1}, "",
                0);
}

int thunks_write(struct buffer *object)
{
    struct writer writer = {.object = object};
    size_t symbol_section = 1 + IMPORT_SECTIONS * count_functions() + BRANCH_THUNKS;
    Elf64_Ehdr header = {
        .e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_REL,
        .e_machine = EM_X86_64,
        .e_version = EV_CURRENT,
        .e_ehsize = sizeof(Elf64_Ehdr),
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = (Elf64_Half)(symbol_section + LAST_SECTIONS),
        .e_shstrndx = (Elf64_Half)(symbol_section + STRINGS),
    };
    int result = -1;

    buffer_append(object, &header, sizeof(header));
    buffer_append(&writer.headers, &(Elf64_Shdr){0}, sizeof(Elf64_Shdr));
    buffer_append(&writer.symbols, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    buffer_append(&writer.strings, "", 1);
    for (size_t i = 0; i < import_count(); i++)
        if (import_at(i)->kind == REX_IMPORT_IS_FUNCTION)
            add_import(&writer, import_at(i)->name, symbol_section);
    for (size_t i = 0; i < BRANCH_THUNKS; i++)
        add_thunk(&writer, TEXT_PREFIX, branch_thunks[i].name, branch_thunks[i].code,
                  branch_thunks[i].size);
    add_tables(&writer, symbol_section);
    buffer_align(object, 8);
    header.e_shoff = object->length;
    buffer_append(object, writer.headers.data, writer.headers.length);
    if (!object->failed && !writer.headers.failed && !writer.symbols.failed &&
        !writer.strings.failed) {
        memcpy(object->data, &header, sizeof(header));
        result = 0;
    }
    buffer_free(&writer.headers);
    buffer_free(&writer.symbols);
    buffer_free(&writer.strings);
    return result;
}
