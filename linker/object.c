/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/object.h"
#include "base/diag.h"
#include "base/file.h"

#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's struct module_signature (include/linux/module_signature.h) ends with the big-endian
 * length of the CMS before it; the magic comes last. */
#define MODULE_SIGNATURE_SIZE 12u
#define MODULE_SIGNATURE_LENGTH_AT 8u
static const char signature_magic[] = "~Module signature appended~\n";
#define MAGIC_SIZE (sizeof(signature_magic) - 1)

/* What one read needs. */
struct reader {
    struct diag *diag;
    const char *name;
    struct object *object;
    Elf *elf;
};

__attribute__((format(printf, 2, 3))) static int malformed(struct reader *reader,
                                                           const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct diag_message message = {
        .code = DIAG_OBJECT_MALFORMED,
        .at = {.file = reader->name},
        .help = "build the object again with `rexc build`",
    };
    diag_report(reader->diag, &message, "%s", text);
    return -1;
}

static int out_of_memory(struct reader *reader)
{
    diag_error(reader->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to read %s", reader->name);
    return -1;
}

/* libelf fails for want of memory or because it saw something wrong. */
static int libelf_failed(struct reader *reader, const char *what)
{
    int error = elf_errno();
    const char *text = elf_errmsg(error);
    if (text && strcmp(text, "out of memory") == 0)
        return out_of_memory(reader);
    return malformed(reader, "%s: %s", what, text ? text : "libelf gives no reason");
}

/* An array of count elements; never NULL for a count of 0, so that NULL means failure. */
static void *new_array(size_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

int object_split_signature(const uint8_t *bytes, size_t size, size_t *elf_size, bool *is_signed)
{
    *elf_size = size;
    *is_signed = false;
    if (size < MAGIC_SIZE || memcmp(bytes + size - MAGIC_SIZE, signature_magic, MAGIC_SIZE) != 0)
        return 0;
    *is_signed = true;
    size -= MAGIC_SIZE;
    if (size < MODULE_SIGNATURE_SIZE)
        return -1;
    size -= MODULE_SIGNATURE_SIZE;
    const uint8_t *field = bytes + size + MODULE_SIGNATURE_LENGTH_AT;
    uint32_t length = (uint32_t)field[0] << 24 | (uint32_t)field[1] << 16 |
                      (uint32_t)field[2] << 8 | (uint32_t)field[3];
    if (length == 0 || length >= size)
        return -1;
    *elf_size = size - length;
    return 0;
}

/* Whether [offset, offset + size) lies in a space of that many bytes. */
static bool fits(uint64_t offset, uint64_t size, uint64_t space)
{
    return size <= space && offset <= space - size;
}

static bool is_alignment(uint64_t align)
{
    return (align & (align - 1)) == 0;
}

static int read_header(struct reader *reader)
{
    struct object *object = reader->object;
    Elf64_Ehdr *header = &object->header;

    if (object->size < sizeof(*header))
        return malformed(reader, "%zu bytes are too few for an ELF file", object->size);
    memcpy(header, object->bytes, sizeof(*header));
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return malformed(reader, "not an ELF file");
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
        return malformed(reader, "not an ELF64 little-endian file of ELF version 1");
    if (header->e_machine != EM_X86_64)
        return malformed(reader, "made for machine %u, not x86-64 (%u)", header->e_machine,
                         (unsigned)EM_X86_64);
    if (header->e_ehsize != sizeof(Elf64_Ehdr))
        return malformed(reader, "ELF header size %u is not %zu", header->e_ehsize,
                         sizeof(Elf64_Ehdr));
    /* Extended numbering (counts in section 0) is for files with over 65279 sections: not these. */
    if (header->e_phnum == PN_XNUM || header->e_shstrndx == SHN_XINDEX)
        return malformed(reader, "more headers than an object can have");
    if (header->e_phnum && header->e_phentsize != sizeof(Elf64_Phdr))
        return malformed(reader, "program header size %u is not %zu", header->e_phentsize,
                         sizeof(Elf64_Phdr));
    if (!fits(header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf64_Phdr), object->size))
        return malformed(reader, "program headers reach beyond the end of the file");
    if (header->e_shnum == 0 || header->e_shoff == 0)
        return malformed(reader, "no section headers");
    if (header->e_shentsize != sizeof(Elf64_Shdr))
        return malformed(reader, "section header size %u is not %zu", header->e_shentsize,
                         sizeof(Elf64_Shdr));
    if (!fits(header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr), object->size))
        return malformed(reader, "section headers reach beyond the end of the file");
    if (header->e_shstrndx == SHN_UNDEF || header->e_shstrndx >= header->e_shnum)
        return malformed(reader, "section name table %u does not exist", header->e_shstrndx);
    return 0;
}

static int read_segments(struct reader *reader)
{
    struct object *object = reader->object;
    size_t count = object->header.e_phnum;

    object->segments = new_array(count, sizeof(*object->segments));
    if (!object->segments)
        return out_of_memory(reader);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (!gelf_getphdr(reader->elf, (int)i, &header))
            return libelf_failed(reader, "program header");
        if (!fits(header.p_offset, header.p_filesz, object->size))
            return malformed(reader, "segment %zu reaches beyond the end of the file", i);
        if (header.p_type == PT_LOAD && header.p_filesz > header.p_memsz)
            return malformed(reader, "segment %zu has more bytes in the file than in memory", i);
        if (!fits(header.p_vaddr, header.p_memsz, UINT64_MAX))
            return malformed(reader, "the addresses of segment %zu wrap around", i);
        if (!is_alignment(header.p_align))
            return malformed(reader, "the alignment of segment %zu is not a power of two", i);
        object->segments[object->segment_count++] = (struct object_segment){
            .type = header.p_type,
            .flags = header.p_flags,
            .offset = header.p_offset,
            .vaddr = header.p_vaddr,
            .file_size = header.p_filesz,
            .memory_size = header.p_memsz,
            .align = header.p_align,
        };
    }
    return 0;
}

/* A table of NUL-terminated strings. */
struct strings_of {
    const char *bytes;
    uint64_t size; /* the last byte is NUL when it is not 0 */
};

static int string_table(struct reader *reader, size_t index, struct strings_of *strings)
{
    const struct object *object = reader->object;
    if (index >= object->section_count || object->sections[index].type != SHT_STRTAB) {
        malformed(reader, "section %zu is not a string table", index);
        return -1;
    }
    const struct object_section *section = &object->sections[index];
    strings->bytes = (const char *)object->bytes + section->offset;
    strings->size = section->size;
    if (section->size && strings->bytes[section->size - 1] != '\0')
        return malformed(reader, "string table in section %zu does not end with NUL", index);
    return 0;
}

/* The string at that offset; an empty table has the empty string at 0 (gABI). NULL when out of
 * range. */
static const char *string_at(const struct strings_of *strings, uint64_t offset)
{
    if (offset < strings->size)
        return strings->bytes + offset;
    return offset == 0 ? "" : NULL;
}

static int read_sections(struct reader *reader)
{
    struct object *object = reader->object;
    size_t count = object->header.e_shnum;

    object->sections = new_array(count, sizeof(*object->sections));
    uint32_t *names = new_array(count, sizeof(*names));
    int result = -1;
    if (!object->sections || !names) {
        out_of_memory(reader);
        goto out;
    }
    for (size_t i = 0; i < count; i++) {
        GElf_Shdr header;
        if (!gelf_getshdr(elf_getscn(reader->elf, i), &header)) {
            libelf_failed(reader, "section header");
            goto out;
        }
        if (header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL &&
            !fits(header.sh_offset, header.sh_size, object->size)) {
            malformed(reader, "section %zu reaches beyond the end of the file", i);
            goto out;
        }
        if (!fits(header.sh_addr, header.sh_size, UINT64_MAX)) {
            malformed(reader, "the addresses of section %zu wrap around", i);
            goto out;
        }
        if (!is_alignment(header.sh_addralign)) {
            malformed(reader, "the alignment of section %zu is not a power of two", i);
            goto out;
        }
        names[i] = header.sh_name;
        object->sections[object->section_count++] = (struct object_section){
            .type = header.sh_type,
            .link = header.sh_link,
            .info = header.sh_info,
            .flags = header.sh_flags,
            .address = header.sh_addr,
            .offset = header.sh_offset,
            .size = header.sh_size,
            .align = header.sh_addralign,
            .entry_size = header.sh_entsize,
        };
    }
    struct strings_of strings;
    if (string_table(reader, object->header.e_shstrndx, &strings))
        goto out;
    for (size_t i = 0; i < count; i++) {
        object->sections[i].name = string_at(&strings, names[i]);
        if (!object->sections[i].name) {
            malformed(reader, "the name of section %zu is outside the section name table", i);
            goto out;
        }
    }
    result = 0;
out:
    free(names);
    return result;
}

/* The only section of that type, or NULL; an error when there are several. */
static int only_section(struct reader *reader, uint32_t type, const char *what,
                        const struct object_section **found)
{
    const struct object *object = reader->object;
    *found = NULL;
    for (size_t i = 0; i < object->section_count; i++) {
        if (object->sections[i].type != type)
            continue;
        if (*found)
            return malformed(reader, "more than one %s", what);
        *found = &object->sections[i];
    }
    return 0;
}

/* The entries of a table section: their count, and libelf's view of the bytes. */
static int table_data(struct reader *reader, const struct object_section *section,
                      uint64_t entry_size, Elf_Data **data, size_t *count)
{
    if (section->entry_size != entry_size || section->size % entry_size != 0)
        return malformed(reader, "%s does not consist of entries of %u bytes", section->name,
                         (unsigned)entry_size);
    *count = section->size / entry_size;
    size_t index = (size_t)(section - reader->object->sections);
    *data = elf_getdata(elf_getscn(reader->elf, index), NULL);
    if (!*data || (*data)->d_size != section->size)
        return libelf_failed(reader, section->name);
    return 0;
}

static int read_symbols(struct reader *reader, uint32_t type, const char *what,
                        struct object_symbol **symbols, size_t *symbol_count)
{
    const struct object *object = reader->object;
    const struct object_section *section;
    Elf_Data *data = NULL;
    size_t count = 0, names_length = 0;
    struct strings_of strings = {0};

    if (only_section(reader, type, what, &section))
        return -1;
    if (section && (table_data(reader, section, sizeof(Elf64_Sym), &data, &count) ||
                    string_table(reader, section->link, &strings)))
        return -1;
    *symbols = new_array(count, sizeof(**symbols));
    if (!*symbols)
        return out_of_memory(reader);
    for (size_t i = 0; i < count; i++) {
        GElf_Sym symbol;
        if (!gelf_getsym(data, (int)i, &symbol))
            return libelf_failed(reader, what);
        const char *name = string_at(&strings, symbol.st_name);
        if (!name)
            return malformed(reader, "the name of symbol %zu of the %s is outside its string table",
                             i, what);
        /* Names may share their bytes: n of them in a table of n bytes are up to n * n / 2 long.
         * Those that linkers write share little. */
        names_length += strlen(name) + 1;
        if (names_length > OBJECT_FILE_MAX)
            return malformed(reader, "the names of the %s are longer than any file that is read",
                             what);
        if (symbol.st_shndx >= object->section_count &&
            (symbol.st_shndx < SHN_LORESERVE || symbol.st_shndx == SHN_XINDEX))
            return malformed(reader, "symbol %s of the %s is in section %u, which does not exist",
                             name, what, symbol.st_shndx);
        (*symbols)[(*symbol_count)++] = (struct object_symbol){
            .name = name,
            .value = symbol.st_value,
            .size = symbol.st_size,
            .section = symbol.st_shndx,
            .type = GELF_ST_TYPE(symbol.st_info),
            .bind = GELF_ST_BIND(symbol.st_info),
            .visibility = GELF_ST_VISIBILITY(symbol.st_other),
        };
    }
    return 0;
}

static int read_relocations(struct reader *reader)
{
    struct object *object = reader->object;
    const struct object_section *section = NULL;
    Elf_Data *data = NULL;
    size_t count = 0;

    for (size_t i = 0; i < object->section_count; i++) {
        if (strcmp(object->sections[i].name, ".rela.dyn") != 0)
            continue;
        if (section)
            return malformed(reader, "more than one section .rela.dyn");
        section = &object->sections[i];
        if (section->type != SHT_RELA)
            return malformed(reader, "section .rela.dyn is not of type SHT_RELA");
    }
    if (section && table_data(reader, section, sizeof(Elf64_Rela), &data, &count))
        return -1;
    object->relocations = new_array(count, sizeof(*object->relocations));
    if (!object->relocations)
        return out_of_memory(reader);
    for (size_t i = 0; i < count; i++) {
        GElf_Rela relocation;
        if (!gelf_getrela(data, (int)i, &relocation))
            return libelf_failed(reader, ".rela.dyn");
        uint64_t symbol = GELF_R_SYM(relocation.r_info);
        if (symbol != 0 && symbol >= object->dynamic_symbol_count)
            return malformed(reader, "relocation %zu names dynamic symbol %u, which does not exist",
                             i, (unsigned)symbol);
        object->relocations[object->relocation_count++] = (struct object_relocation){
            .offset = relocation.r_offset,
            .type = (uint32_t)GELF_R_TYPE(relocation.r_info),
            .symbol = (uint32_t)symbol,
            .addend = relocation.r_addend,
        };
    }
    return 0;
}

static int compare_functions(const void *left, const void *right)
{
    const struct object_function *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int collect_functions(struct reader *reader)
{
    struct object *object = reader->object;
    object->functions = new_array(object->symbol_count, sizeof(*object->functions));
    if (!object->functions)
        return out_of_memory(reader);
    for (size_t i = 0; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (symbol->type != STT_FUNC || symbol->section == SHN_UNDEF ||
            symbol->section >= object->section_count)
            continue;
        const struct object_section *section = &object->sections[symbol->section];
        if (!(section->flags & SHF_EXECINSTR))
            continue;
        if (symbol->value < section->address ||
            !fits(symbol->value - section->address, symbol->size, section->size))
            return malformed(reader, "function %s reaches beyond its section %s", symbol->name,
                             section->name);
        object->functions[object->function_count++] = (struct object_function){
            .name = symbol->name,
            .address = symbol->value,
            .size = symbol->size,
            .section = symbol->section,
        };
    }
    qsort(object->functions, object->function_count, sizeof(*object->functions), compare_functions);
    return 0;
}

static int compare_slots(const void *left, const void *right)
{
    const struct object_relocation *a = left, *b = right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static int collect_slots(struct reader *reader)
{
    struct object *object = reader->object;
    object->slots = new_array(object->relocation_count, sizeof(*object->slots));
    if (!object->slots)
        return out_of_memory(reader);
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type == R_X86_64_GLOB_DAT && relocation->symbol != 0)
            object->slots[object->slot_count++] = *relocation;
    }
    qsort(object->slots, object->slot_count, sizeof(*object->slots), compare_slots);
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    const struct object_symbol *a = *(const struct object_symbol *const *)left;
    const struct object_symbol *b = *(const struct object_symbol *const *)right;
    int order = strcmp(a->name, b->name);
    return order ? order : a < b ? -1 : a > b;
}

static int collect_names(struct reader *reader)
{
    struct object *object = reader->object;
    object->names = new_array(object->symbol_count, sizeof(*object->names));
    if (!object->names)
        return out_of_memory(reader);
    for (size_t i = 1; i < object->symbol_count; i++)
        object->names[object->name_count++] = &object->symbols[i];
    qsort(object->names, object->name_count, sizeof(*object->names), compare_names);
    return 0;
}

static int read_tables(struct reader *reader)
{
    struct object *object = reader->object;
    if (read_header(reader))
        return -1;
    if (elf_version(EV_CURRENT) == EV_NONE)
        return libelf_failed(reader, "libelf");
    /* libelf takes char *, but does not write through it for a file of the machine's own byte
     * order. */
    reader->elf = elf_memory((char *)object->file, object->size);
    if (!reader->elf)
        return libelf_failed(reader, "not readable as ELF");
    if (elf_kind(reader->elf) != ELF_K_ELF)
        return malformed(reader, "not an ELF file");
    if (read_segments(reader) || read_sections(reader) ||
        read_symbols(reader, SHT_SYMTAB, "symbol table", &object->symbols, &object->symbol_count) ||
        read_symbols(reader, SHT_DYNSYM, "dynamic symbol table", &object->dynamic_symbols,
                     &object->dynamic_symbol_count) ||
        read_relocations(reader) || collect_functions(reader) || collect_slots(reader) ||
        collect_names(reader))
        return -1;
    return 0;
}

static bool is_too_large(struct reader *reader, size_t size)
{
    if (size > OBJECT_FILE_MAX)
        malformed(reader, "%zu bytes are more than the %zu that an object may have", size,
                  OBJECT_FILE_MAX);
    return size > OBJECT_FILE_MAX;
}

int object_view(struct diag *diag, const char *name, const uint8_t *bytes, size_t size,
                struct object **object)
{
    struct reader reader = {.diag = diag, .name = name};
    bool is_signed;

    *object = NULL;
    if (is_too_large(&reader, size))
        return -1;
    reader.object = calloc(1, sizeof(**object));
    if (!reader.object)
        return out_of_memory(&reader);
    reader.object->file = bytes;
    reader.object->bytes = bytes;
    if (object_split_signature(bytes, size, &reader.object->size, &is_signed)) {
        struct diag_message message = {.code = DIAG_SIGNATURE_MALFORMED, .at = {.file = name}};
        diag_report(diag, &message, "the lengths at the end of the signature do not fit the file");
        goto fail;
    }
    if (is_signed) {
        reader.object->signature = bytes + reader.object->size;
        reader.object->signature_size = size - reader.object->size;
    }
    int result = read_tables(&reader);
    elf_end(reader.elf);
    if (result)
        goto fail;
    *object = reader.object;
    return 0;
fail:
    object_free(reader.object);
    return -1;
}

/* Reads an object from bytes that it owns from now on. */
static int adopt(struct diag *diag, const char *name, uint8_t *bytes, size_t size,
                 struct object **object)
{
    if (object_view(diag, name, bytes, size, object)) {
        free(bytes);
        return -1;
    }
    (*object)->owned = bytes;
    return 0;
}

int object_read(struct diag *diag, const char *name, const void *bytes, size_t size,
                struct object **object)
{
    struct reader reader = {.diag = diag, .name = name};
    *object = NULL;
    if (is_too_large(&reader, size))
        return -1;
    uint8_t *copy = new_array(size, 1);
    if (!copy)
        return out_of_memory(&reader);
    if (size)
        memcpy(copy, bytes, size);
    return adopt(diag, name, copy, size, object);
}

int object_read_file(struct diag *diag, const char *path, struct object **object)
{
    char *bytes;
    size_t size;
    *object = NULL;
    if (file_read(diag, path, OBJECT_FILE_MAX, &bytes, &size))
        return -1;
    return adopt(diag, path, (uint8_t *)bytes, size, object);
}

void object_free(struct object *object)
{
    if (!object)
        return;
    free(object->names);
    free(object->slots);
    free(object->functions);
    free(object->relocations);
    free(object->dynamic_symbols);
    free(object->symbols);
    free(object->sections);
    free(object->segments);
    free(object->owned);
    free(object);
}

const uint8_t *object_section_bytes(const struct object *object,
                                    const struct object_section *section)
{
    if (section->type == SHT_NOBITS || section->type == SHT_NULL)
        return NULL;
    return object->bytes + section->offset;
}

const struct object_section *object_section(const struct object *object, const char *name)
{
    for (size_t i = 1; i < object->section_count; i++) {
        if (strcmp(object->sections[i].name, name) == 0)
            return &object->sections[i];
    }
    return NULL;
}

const struct object_symbol *object_symbol(const struct object *object, const char *name)
{
    size_t low = 0, high = object->name_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(object->names[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < object->name_count && strcmp(object->names[low]->name, name) == 0
               ? object->names[low]
               : NULL;
}

/* The number of functions that start before the address. */
static size_t functions_before(const struct object *object, uint64_t address)
{
    size_t low = 0, high = object->function_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (object->functions[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct object_function *object_function_at(const struct object *object, uint64_t address)
{
    size_t index = functions_before(object, address);
    return index < object->function_count && object->functions[index].address == address
               ? &object->functions[index]
               : NULL;
}

const struct object_function *object_function_containing(const struct object *object,
                                                         uint64_t address)
{
    const struct object_function *end = object->functions + object->function_count;
    const struct object_function *at = object_function_at(object, address);
    if (!at) {
        size_t index = functions_before(object, address);
        at = index ? object_function_at(object, object->functions[index - 1].address) : end;
    }
    for (uint64_t start = at < end ? at->address : 0; at < end && at->address == start; at++) {
        if (address - start < at->size)
            return at;
    }
    return NULL;
}

const uint8_t *object_bytes_at(const struct object *object, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_LOAD && address >= segment->vaddr &&
            fits(address - segment->vaddr, size, segment->file_size))
            return object->bytes + segment->offset + (address - segment->vaddr);
    }
    return NULL;
}

const struct object_symbol *object_slot_symbol(const struct object *object, uint64_t slot)
{
    struct object_relocation key = {.offset = slot};
    const struct object_relocation *found =
        object->slot_count
            ? bsearch(&key, object->slots, object->slot_count, sizeof(key), compare_slots)
            : NULL;
    return found ? &object->dynamic_symbols[found->symbol] : NULL;
}
