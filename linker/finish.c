/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/finish.h"
#include "base/diag.h"
#include "linker/tables.h"
#include "runtime/abi/rex_note.h"

#include <stdlib.h>
#include <string.h>

#define KCFI_PREFIX_SIZE 5u /* mov eax, imm32 */
#define KCFI_MOV_EAX 0xb8u

/* A file in the making. Appends that fail are seen in the buffers at the end. */
struct writer {
    const struct object *image;
    struct buffer *file;
    struct buffer headers; /* section headers; sh_link and sh_info are right already */
    struct buffer names;   /* .shstrtab */
    struct buffer symbols; /* .symtab */
    struct buffer strings; /* .strtab */
    size_t first_global;   /* index of the first symbol that is not local */
    uint16_t *indices;     /* of each section of the image in the file; 0: not in it */
    size_t section_count;
};

/* Content that is in memory as it will be in the file. */
struct content {
    const void *bytes;
    size_t size;
};

static int image_error(struct diag *diag, const char *what)
{
    return diag_error(diag, DIAG_LINK_IMAGE, NULL, "the linked image has %s", what);
}

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_loaded(const struct object_section *section)
{
    /* lld's padding of the RELRO part to a page has no content; the segment's size says it. */
    return (section->flags & SHF_ALLOC) && strcmp(section->name, ".relro_padding") != 0;
}

static bool is_debug(const struct object_section *section)
{
    return !(section->flags & SHF_ALLOC) && has_prefix(section->name, ".debug_");
}

static bool is_comment(const struct object_section *section)
{
    return !(section->flags & SHF_ALLOC) && strcmp(section->name, ".comment") == 0;
}

/* What a file holds besides headers. */
enum part { OBJECT, OBJECT_WITHOUT_DEBUG, DEBUG_ONLY };

static bool is_copied(const struct object_section *section, enum part part)
{
    if (is_debug(section))
        return part != OBJECT_WITHOUT_DEBUG;
    return is_comment(section) && part != DEBUG_ONLY;
}

/* The end of what is loaded, in the file; nothing that is loaded lies behind it. */
static uint64_t loaded_end(const struct object *image)
{
    uint64_t end = image->header.e_phoff + image->header.e_phnum * sizeof(Elf64_Phdr);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct object_segment *segment = &image->segments[i];
        if (segment->type == PT_LOAD && segment->offset + segment->file_size > end)
            end = segment->offset + segment->file_size;
    }
    return end;
}

static Elf64_Word add_string(struct buffer *strings, const char *text)
{
    size_t offset = strings->length;
    buffer_append(strings, text, strlen(text) + 1);
    return (Elf64_Word)offset;
}

static void add_header(struct writer *writer, const char *name, Elf64_Shdr header)
{
    header.sh_name = add_string(&writer->names, name);
    buffer_append(&writer->headers, &header, sizeof(header));
    writer->section_count++;
}

/* Appends content at the end of the file, aligned, with its section header. */
static void add_section(struct writer *writer, const char *name, Elf64_Shdr header,
                        struct content content)
{
    buffer_align(writer->file, header.sh_addralign ? header.sh_addralign : 1);
    header.sh_offset = writer->file->length;
    header.sh_size = content.size;
    buffer_append(writer->file, content.bytes, content.size);
    add_header(writer, name, header);
}

/* The headers of the loaded sections, their links still those of the image. */
static void add_loaded_sections(struct writer *writer, enum part part)
{
    for (size_t i = 1; i < writer->image->section_count; i++) {
        const struct object_section *section = &writer->image->sections[i];
        if (!is_loaded(section))
            continue;
        writer->indices[i] = (uint16_t)writer->section_count;
        add_header(
            writer, section->name,
            (Elf64_Shdr){.sh_type = part == DEBUG_ONLY ? SHT_NOBITS : section->type,
                         .sh_flags = section->flags & ~(uint64_t)SHF_GNU_RETAIN,
                         .sh_addr = section->address,
                         .sh_offset = part == DEBUG_ONLY ? writer->file->length : section->offset,
                         .sh_size = section->size,
                         .sh_link = section->link,
                         .sh_info = section->info,
                         .sh_addralign = section->align,
                         .sh_entsize = section->entry_size});
    }
}

/* sh_link of a loaded section is the index of another one (gABI, figure 4-12), and so is sh_info
 * when the flag says so. */
static void renumber_links(struct writer *writer)
{
    if (writer->headers.failed)
        return;
    Elf64_Shdr *headers = (Elf64_Shdr *)(void *)writer->headers.data;
    for (size_t i = 1; i < writer->section_count; i++) {
        Elf64_Shdr *header = &headers[i];
        header->sh_link =
            header->sh_link < writer->image->section_count ? writer->indices[header->sh_link] : 0;
        if (header->sh_flags & SHF_INFO_LINK)
            header->sh_info = header->sh_info < writer->image->section_count
                                  ? writer->indices[header->sh_info]
                                  : 0;
    }
}

static void copy_sections(struct writer *writer, enum part part)
{
    const struct object *image = writer->image;
    for (size_t i = 1; i < image->section_count; i++) {
        const struct object_section *section = &image->sections[i];
        if (section->type == SHT_NOBITS || !is_copied(section, part))
            continue;
        writer->indices[i] = (uint16_t)writer->section_count;
        add_section(writer, section->name,
                    (Elf64_Shdr){.sh_type = section->type,
                                 .sh_flags = section->flags,
                                 .sh_addralign = section->align,
                                 .sh_entsize = section->entry_size},
                    (struct content){image->bytes + section->offset, section->size});
    }
}

/* Whether a symbol means something in the finished object. The kcfi prefixes are part of no
 * function, needs are in the instructions, what tables tell is in the ids, and names of source
 * files and sections serve the linker. */
static bool is_kept_symbol(const struct writer *writer, const struct object_symbol *symbol)
{
    if (symbol->type == STT_FILE || symbol->type == STT_SECTION)
        return false;
    if (has_prefix(symbol->name, "__cfi_") || has_prefix(symbol->name, "__rex_need.") ||
        has_prefix(symbol->name, TABLES_SYMBOL) || strcmp(symbol->name, "_DYNAMIC") == 0)
        return false;
    return symbol->section == SHN_UNDEF || symbol->section >= SHN_LORESERVE ||
           writer->indices[symbol->section] != 0;
}

/* Local symbols come first in an ELF symbol table, in the image as well as here. */
static void collect_symbols(struct writer *writer)
{
    const struct object *image = writer->image;
    size_t count = 1;
    writer->first_global = 0;
    buffer_append(&writer->symbols, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    buffer_append(&writer->strings, "", 1);
    for (size_t i = 1; i < image->symbol_count; i++) {
        const struct object_symbol *symbol = &image->symbols[i];
        if (!is_kept_symbol(writer, symbol))
            continue;
        if (symbol->bind != STB_LOCAL && writer->first_global == 0)
            writer->first_global = count;
        Elf64_Sym entry = {.st_name = add_string(&writer->strings, symbol->name),
                           .st_info = (unsigned char)ELF64_ST_INFO(symbol->bind, symbol->type),
                           .st_other = symbol->visibility,
                           .st_shndx = symbol->section < SHN_LORESERVE
                                           ? writer->indices[symbol->section]
                                           : symbol->section,
                           .st_value = symbol->value,
                           .st_size = symbol->size};
        buffer_append(&writer->symbols, &entry, sizeof(entry));
        count++;
    }
    if (writer->first_global == 0)
        writer->first_global = count;
}

static void add_symbols(struct writer *writer)
{
    size_t symbols_index = writer->section_count;
    add_section(writer, ".symtab",
                (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                             .sh_link = (Elf64_Word)(symbols_index + 1),
                             .sh_info = (Elf64_Word)writer->first_global,
                             .sh_addralign = 8,
                             .sh_entsize = sizeof(Elf64_Sym)},
                (struct content){writer->symbols.data, writer->symbols.length});
    add_section(writer, ".strtab", (Elf64_Shdr){.sh_type = SHT_STRTAB, .sh_addralign = 1},
                (struct content){writer->strings.data, writer->strings.length});
}

static void add_section_names(struct writer *writer)
{
    /* The table names itself: its last name is added before its content is written. */
    Elf64_Shdr header = {.sh_type = SHT_STRTAB,
                         .sh_addralign = 1,
                         .sh_name = add_string(&writer->names, ".shstrtab"),
                         .sh_offset = writer->file->length};
    header.sh_size = writer->names.length;
    buffer_append(writer->file, writer->names.data, writer->names.length);
    buffer_append(&writer->headers, &header, sizeof(header));
    writer->section_count++;
}

/* The section headers end the file; the ELF header learns where they are. */
static void end_file(struct writer *writer, Elf64_Ehdr header)
{
    /* The linker's mark that SHF_GNU_RETAIN is in use, which spoke to the linker alone. */
    header.e_ident[EI_OSABI] = ELFOSABI_NONE;
    buffer_align(writer->file, 8);
    header.e_shoff = writer->file->length;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = (Elf64_Half)writer->section_count;
    header.e_shstrndx = (Elf64_Half)(writer->section_count - 1);
    buffer_append(writer->file, writer->headers.data, writer->headers.length);
    if (!writer->file->failed)
        memcpy(writer->file->data, &header, sizeof(header));
}

static int begin_file(struct writer *writer, const struct object *image, struct buffer *file)
{
    *writer = (struct writer){.image = image, .file = file};
    writer->indices = calloc(image->section_count, sizeof(*writer->indices));
    if (!writer->indices)
        return -1;
    buffer_append(&writer->names, "", 1);
    buffer_append(&writer->headers, &(Elf64_Shdr){0}, sizeof(Elf64_Shdr));
    writer->section_count = 1;
    return 0;
}

/* Frees what was needed for writing. Returns -1 when memory ran out on the way. */
static int free_writer(struct writer *writer)
{
    bool failed = writer->file->failed || writer->headers.failed || writer->names.failed ||
                  writer->symbols.failed || writer->strings.failed;
    buffer_free(&writer->headers);
    buffer_free(&writer->names);
    buffer_free(&writer->symbols);
    buffer_free(&writer->strings);
    free(writer->indices);
    return failed ? -1 : 0;
}

/* Whether the four bytes before the function are the operand of a mov to eax, inside executable
 * memory that comes from the file; then *offset is where they are in it. */
static bool find_id(const struct object *image, uint64_t function, uint64_t *offset)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct object_segment *segment = &image->segments[i];
        if (segment->type != PT_LOAD || !(segment->flags & PF_X) || function < segment->vaddr ||
            function - segment->vaddr < KCFI_PREFIX_SIZE ||
            function - segment->vaddr > segment->file_size)
            continue;
        uint64_t prefix = segment->offset + (function - segment->vaddr) - KCFI_PREFIX_SIZE;
        *offset = prefix + 1;
        return image->bytes[prefix] == KCFI_MOV_EAX;
    }
    return false;
}

static int replace_ids(struct diag *diag, const struct finish_inputs *inputs, struct buffer *file)
{
    for (size_t i = 0; i < inputs->id_count; i++) {
        uint64_t offset;
        uint32_t id = inputs->ids[i].id;
        if (!find_id(inputs->image, inputs->ids[i].function, &offset)) {
            struct diag_message message = {
                .code = DIAG_LINK_IMAGE,
                .at = {.address = inputs->ids[i].function, .has_address = true}};
            diag_report(diag, &message, "the linked image has no kcfi prefix before a function");
            return -1;
        }
        uint8_t bytes[4] = {(uint8_t)id, (uint8_t)(id >> 8), (uint8_t)(id >> 16),
                            (uint8_t)(id >> 24)};
        memcpy(file->data + offset, bytes, sizeof(bytes));
    }
    return 0;
}

static int check_image(struct diag *diag, const struct object *image)
{
    uint64_t end = loaded_end(image);
    if (image->header.e_type != ET_DYN || image->segment_count == 0)
        return image_error(diag, "no program headers");
    if (end > image->size || end < sizeof(Elf64_Ehdr))
        return image_error(diag, "loaded parts beyond its end");
    /* Links of loaded sections are to loaded ones (.dynsym to .dynstr), as the headers of others
     * are not in the file yet when they are renumbered. */
    for (size_t i = 1; i < image->section_count; i++) {
        const struct object_section *section = &image->sections[i];
        if (is_loaded(section) && section->link != 0 &&
            (section->link >= image->section_count || !is_loaded(&image->sections[section->link])))
            return image_error(diag, "a loaded section that refers to one that is not loaded");
    }
    return 0;
}

static int write_object(struct diag *diag, const struct finish_inputs *inputs, struct buffer *file)
{
    const struct object *image = inputs->image;
    enum part part = inputs->strip ? OBJECT_WITHOUT_DEBUG : OBJECT;
    struct writer writer;
    int result = 0;

    if (begin_file(&writer, image, file))
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to write the object");
    if (!buffer_append(file, image->bytes, loaded_end(image)))
        result = replace_ids(diag, inputs, file);
    add_loaded_sections(&writer, part);
    renumber_links(&writer);
    collect_symbols(&writer);
    add_symbols(&writer);
    copy_sections(&writer, part);
    add_section(&writer, REX_NOTE_SECTION, (Elf64_Shdr){.sh_type = SHT_NOTE, .sh_addralign = 8},
                (struct content){inputs->note, inputs->note_size});
    if (inputs->btf_size > 0)
        add_section(&writer, ".BTF", (Elf64_Shdr){.sh_type = SHT_PROGBITS, .sh_addralign = 4},
                    (struct content){inputs->btf, inputs->btf_size});
    add_section_names(&writer);
    end_file(&writer, image->header);
    if (free_writer(&writer) && result == 0)
        result = diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to write the object");
    return result;
}

/* As `objcopy --only-keep-debug` has it: the loaded sections' headers without content, so that
 * addresses and section numbers mean something; no program headers, as there is nothing to load. */
static int write_debug(struct diag *diag, const struct object *image, struct buffer *file)
{
    struct writer writer;
    Elf64_Ehdr header = image->header;
    header.e_phoff = 0;
    header.e_phnum = 0;
    header.e_phentsize = 0;

    if (begin_file(&writer, image, file))
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to write debug information");
    buffer_append(file, &header, sizeof(header));
    add_loaded_sections(&writer, DEBUG_ONLY);
    renumber_links(&writer);
    collect_symbols(&writer);
    add_symbols(&writer);
    copy_sections(&writer, DEBUG_ONLY);
    add_section_names(&writer);
    end_file(&writer, header);
    if (free_writer(&writer))
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to write debug information");
    return 0;
}

int finish_object(struct diag *diag, const struct finish_inputs *inputs, struct buffer *object,
                  struct buffer *debug)
{
    if (check_image(diag, inputs->image) || write_object(diag, inputs, object))
        goto fail;
    if (inputs->strip && write_debug(diag, inputs->image, debug))
        goto fail;
    return 0;
fail:
    buffer_free(object);
    if (debug)
        buffer_free(debug);
    return -1;
}
