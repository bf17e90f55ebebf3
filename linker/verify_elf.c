/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file and its image. Two readers look at an object: loaders follow the program headers and the
 * dynamic table, people and this verifier the section headers. These rules make both see the same.
 */
#include "linker/verify_rules.h"

#include <stdlib.h>
#include <string.h>

#define PAGE ((uint64_t)REX_PAGE_SIZE)

/* Far more than any object has; loops over pairs stay short for hostile ones. */
#define SECTIONS_MAX 1024u
#define DYNAMIC_MAX 64u

static uint64_t page_up(uint64_t address)
{
    return (address + PAGE - 1) & ~(PAGE - 1);
}

void rule_header(struct verify *verify)
{
    const Elf64_Ehdr *header = &verify->object->header;
    static const uint8_t padding[EI_NIDENT - EI_PAD];

    if (header->e_type != ET_DYN)
        refuse(verify, "ELF type %u is not ET_DYN", header->e_type);
    /* lld writes ELFOSABI_GNU when a section is marked SHF_GNU_RETAIN. */
    if (header->e_ident[EI_OSABI] != ELFOSABI_SYSV && header->e_ident[EI_OSABI] != ELFOSABI_GNU)
        refuse(verify, "OS ABI %u is neither System V nor GNU", header->e_ident[EI_OSABI]);
    if (header->e_ident[EI_ABIVERSION] != 0 ||
        memcmp(header->e_ident + EI_PAD, padding, sizeof(padding)) != 0)
        refuse(verify, "ABI version or padding of the ELF identification is not 0");
    if (header->e_flags != 0)
        refuse(verify, "ELF flags 0x%x are not 0", header->e_flags);
    if (header->e_entry != 0)
        refuse(verify, "entry point 0x%lx: programs are entered by their symbols", header->e_entry);
    if (header->e_phoff != sizeof(*header))
        refuse(verify, "program headers do not follow the ELF header");
}

void rule_segment_types(struct verify *verify)
{
    static const struct {
        uint32_t type;
        const char *name;
        bool required;
    } single[] = {
        {PT_PHDR, "PT_PHDR", false},
        {PT_DYNAMIC, "PT_DYNAMIC", true},
        {PT_GNU_RELRO, "PT_GNU_RELRO", true},
        {PT_GNU_STACK, "PT_GNU_STACK", true},
    };
    const size_t singles = sizeof(single) / sizeof(single[0]);
    size_t found[sizeof(single) / sizeof(single[0])] = {0};

    for (size_t i = 0; i < verify->object->segment_count; i++) {
        uint32_t type = verify->object->segments[i].type;
        size_t j = 0;
        while (j < singles && single[j].type != type)
            j++;
        if (j < singles)
            found[j]++;
        else if (type != PT_LOAD)
            refuse(verify, "segment %zu is of type 0x%x", i, type);
    }
    for (size_t j = 0; j < singles; j++) {
        if (found[j] > 1 || (found[j] == 0 && single[j].required))
            refuse(verify, "%zu segments of type %s", found[j], single[j].name);
    }
}

void rule_segment_layout(struct verify *verify)
{
    uint64_t next_address = 0, next_offset = 0;
    size_t count = 0;

    for (size_t i = 0; i < verify->object->segment_count; i++) {
        const struct object_segment *segment = &verify->object->segments[i];
        if (segment->type != PT_LOAD)
            continue;
        if (segment->align != PAGE)
            refuse_at(verify, segment->vaddr, "segment %zu is aligned to 0x%lx", i, segment->align);
        if (segment->vaddr != next_address)
            refuse_at(verify, segment->vaddr, "segment %zu does not begin at the next page, 0x%lx",
                      i, next_address);
        if (segment->offset % PAGE || segment->offset < next_offset ||
            (count == 0 && segment->offset))
            refuse_at(verify, segment->vaddr, "segment %zu has file offset 0x%lx", i,
                      segment->offset);
        if (segment->memory_size == 0)
            refuse_at(verify, segment->vaddr, "segment %zu is empty", i);
        if (segment->memory_size != segment->file_size && !(segment->flags & PF_W))
            refuse_at(verify, segment->vaddr, "read-only segment %zu is not all in the file", i);
        /* Beyond this the sums below could wrap; what is too large is refused as such. */
        if (segment->vaddr > UINT32_MAX || segment->memory_size > UINT32_MAX) {
            refuse_at(verify, segment->vaddr, "segment %zu lies beyond 4 GiB", i);
            return;
        }
        next_address = page_up(segment->vaddr + segment->memory_size);
        next_offset = segment->offset + segment->file_size;
        count++;
    }
    if (count == 0)
        refuse(verify, "nothing is loaded");
}

void rule_w_xor_x(struct verify *verify)
{
    size_t executable = 0;

    for (size_t i = 0; i < verify->object->segment_count; i++) {
        const struct object_segment *segment = &verify->object->segments[i];
        if (segment->type != PT_LOAD) {
            if (segment->flags & PF_X)
                refuse(verify, "segment %zu, which is not loaded, asks for execution", i);
            continue;
        }
        if (segment->flags & ~(uint32_t)(PF_R | PF_W | PF_X))
            refuse_at(verify, segment->vaddr, "segment %zu has unknown flags 0x%x", i,
                      segment->flags);
        if (!(segment->flags & PF_R))
            refuse_at(verify, segment->vaddr, "segment %zu is not readable", i);
        if ((segment->flags & (PF_W | PF_X)) == (PF_W | PF_X))
            refuse_at(verify, segment->vaddr, "segment %zu is writable and executable", i);
        executable += (segment->flags & PF_X) != 0;
    }
    if (executable != 1)
        refuse(verify, "%zu executable segments", executable);
}

void rule_image_size(struct verify *verify)
{
    for (size_t i = 0; i < verify->object->segment_count; i++) {
        const struct object_segment *segment = &verify->object->segments[i];
        if (segment->type == PT_LOAD && segment->vaddr + segment->memory_size > REX_IMAGE_MAX)
            refuse_at(verify, segment->vaddr, "the image ends at 0x%lx, beyond 0x%x",
                      segment->vaddr + segment->memory_size, REX_IMAGE_MAX);
    }
}

static const struct object_segment *find_segment(const struct object *object, uint32_t type)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        if (object->segments[i].type == type)
            return &object->segments[i];
    }
    return NULL;
}

/* The PT_LOAD whose memory holds [address, address + size). */
static const struct object_segment *load_of(const struct object *object, uint64_t address,
                                            uint64_t size)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_LOAD && address >= segment->vaddr &&
            address - segment->vaddr <= segment->memory_size &&
            size <= segment->memory_size - (address - segment->vaddr))
            return segment;
    }
    return NULL;
}

void rule_relro(struct verify *verify)
{
    const struct object_segment *relro = find_segment(verify->object, PT_GNU_RELRO);
    if (!relro)
        return; /* segment-types says so */
    const struct object_segment *load = load_of(verify->object, relro->vaddr, relro->memory_size);
    if (relro->vaddr % PAGE || relro->memory_size % PAGE || relro->memory_size == 0)
        refuse_at(verify, relro->vaddr, "PT_GNU_RELRO is not made of whole pages");
    if (!load || !(load->flags & PF_W) ||
        load->offset - load->vaddr != relro->offset - relro->vaddr)
        refuse_at(verify, relro->vaddr, "PT_GNU_RELRO is not inside one writable segment");
}

/* Where a section may stand. */
enum place { NOT_LOADED, READ_ONLY, EXECUTABLE, RELRO, WRITABLE };

struct section_form {
    const char *name; /* a trailing '*' stands for any further characters */
    uint32_t type;
    enum place place;
};

static const struct section_form section_forms[] = {
    {".dynsym", SHT_DYNSYM, READ_ONLY},     {".gnu.hash", SHT_GNU_HASH, READ_ONLY},
    {".hash", SHT_HASH, READ_ONLY},         {".dynstr", SHT_STRTAB, READ_ONLY},
    {".rela.dyn", SHT_RELA, READ_ONLY},     {".rodata", SHT_PROGBITS, READ_ONLY},
    {".text", SHT_PROGBITS, EXECUTABLE},    {".dynamic", SHT_DYNAMIC, RELRO},
    {".got", SHT_PROGBITS, RELRO},          {".maps", SHT_PROGBITS, RELRO},
    {".data.rel.ro", SHT_PROGBITS, RELRO},  {".relro_padding", SHT_NOBITS, RELRO},
    {".data", SHT_PROGBITS, WRITABLE},      {".bss", SHT_NOBITS, WRITABLE},
    {".symtab", SHT_SYMTAB, NOT_LOADED},    {".strtab", SHT_STRTAB, NOT_LOADED},
    {".shstrtab", SHT_STRTAB, NOT_LOADED},  {".comment", SHT_PROGBITS, NOT_LOADED},
    {".note.rex", SHT_NOTE, NOT_LOADED},    {".BTF", SHT_PROGBITS, NOT_LOADED},
    {".debug_*", SHT_PROGBITS, NOT_LOADED},
};
static const struct section_form program_form = {"", SHT_PROGBITS, EXECUTABLE};

static const struct section_form *section_form(const char *name)
{
    for (size_t i = 0; i < sizeof(section_forms) / sizeof(section_forms[0]); i++) {
        const char *known = section_forms[i].name;
        size_t length = strlen(known);
        if (known[length - 1] == '*' ? strncmp(name, known, length - 1) == 0
                                     : strcmp(name, known) == 0)
            return &section_forms[i];
    }
    return is_program_section(name) ? &program_form : NULL;
}

void rule_section_names(struct verify *verify)
{
    static const uint64_t place_flags[] = {
        [NOT_LOADED] = 0,
        [READ_ONLY] = SHF_ALLOC,
        [EXECUTABLE] = SHF_ALLOC | SHF_EXECINSTR,
        [RELRO] = SHF_ALLOC | SHF_WRITE,
        [WRITABLE] = SHF_ALLOC | SHF_WRITE,
    };
    /* What linkers add and loaders ignore. */
    const uint64_t harmless = SHF_MERGE | SHF_STRINGS | SHF_INFO_LINK | SHF_GNU_RETAIN;
    const struct object *object = verify->object;

    if (object->section_count > SECTIONS_MAX) {
        refuse(verify, "%zu sections are more than %u", object->section_count, SECTIONS_MAX);
        return;
    }
    for (size_t i = 1; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        const struct section_form *form = section_form(section->name);
        if (!form) {
            refuse(verify, "section %zu is called '%s'", i, section->name);
            continue;
        }
        if (section->type != form->type)
            refuse(verify, "section %s is of type 0x%x", section->name, section->type);
        if ((section->flags & ~harmless) != place_flags[form->place])
            refuse(verify, "section %s has flags 0x%lx", section->name, section->flags);
        for (size_t j = 1; j < i; j++) {
            if (strcmp(object->sections[j].name, section->name) == 0)
                refuse(verify, "two sections are called '%s'", section->name);
        }
    }
}

static bool in_relro(const struct object *object, uint64_t address, uint64_t size)
{
    const struct object_segment *relro = find_segment(object, PT_GNU_RELRO);
    return relro && address >= relro->vaddr && address - relro->vaddr <= relro->memory_size &&
           size <= relro->memory_size - (address - relro->vaddr);
}

/* Whether the section is in the right segment, at the right place of it. */
static bool is_placed(const struct object *object, const struct object_section *section,
                      enum place place)
{
    const struct object_segment *load = load_of(object, section->address, section->size);
    if (!load)
        return false;
    uint64_t at = section->address - load->vaddr;
    if (section->type == SHT_NOBITS) {
        if (at < load->file_size)
            return false;
    } else if (section->offset != load->offset + at || at + section->size > load->file_size) {
        return false;
    }
    /* That writable memory is not executable is the business of w-xor-x. */
    const struct object_segment *relro = find_segment(object, PT_GNU_RELRO);
    switch (place) {
    case READ_ONLY:
        return !(load->flags & (PF_W | PF_X));
    case EXECUTABLE:
        return (load->flags & PF_X) != 0;
    case RELRO:
        return (load->flags & PF_W) && in_relro(object, section->address, section->size);
    case WRITABLE:
        return (load->flags & PF_W) &&
               (!relro || section->address >= relro->vaddr + relro->memory_size ||
                section->address + section->size <= relro->vaddr);
    default:
        return false;
    }
}

void rule_section_layout(struct verify *verify)
{
    const struct object *object = verify->object;

    if (object->section_count > SECTIONS_MAX)
        return; /* section-names says so */
    for (size_t i = 1; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        const struct section_form *form = section_form(section->name);
        if (!form || !(section->flags & SHF_ALLOC) || form->place == NOT_LOADED) {
            if (section->address != 0)
                refuse(verify, "section %s, which is not loaded, has an address", section->name);
            continue;
        }
        if (!is_placed(object, section, form->place))
            refuse_at(verify, section->address, "section %s is not where its segment puts it",
                      section->name);
        for (size_t j = 1; j < i; j++) {
            const struct object_section *other = &object->sections[j];
            if ((other->flags & SHF_ALLOC) && section->address < other->address + other->size &&
                other->address < section->address + section->size)
                refuse_at(verify, section->address, "section %s lies over section %s",
                          section->name, other->name);
        }
    }
}

/* A part of the file that something accounts for. */
struct piece {
    uint64_t start, end;
};

static int compare_pieces(const void *left, const void *right)
{
    const struct piece *a = left, *b = right;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    return a->end < b->end ? -1 : a->end > b->end;
}

/* Padding is zeroes, or int3 after code, as lld fills the last page of an executable segment. */
static bool is_padding(const struct object *object, uint64_t start, uint64_t end)
{
    for (uint64_t i = start; i < end; i++) {
        if (object->bytes[i] != 0x00 && object->bytes[i] != 0xcc)
            return false;
    }
    return end - start < PAGE;
}

void rule_hidden_bytes(struct verify *verify)
{
    const struct object *object = verify->object;
    const Elf64_Ehdr *header = &object->header;
    struct piece *pieces = calloc(object->section_count + 3, sizeof(*pieces));
    size_t count = 0;
    uint64_t end = 0;

    if (!pieces) {
        verify->out_of_memory = true;
        return;
    }
    pieces[count++] = (struct piece){0, sizeof(*header)};
    pieces[count++] = (struct piece){header->e_phoff, header->e_phoff + (uint64_t)header->e_phnum *
                                                                            sizeof(Elf64_Phdr)};
    pieces[count++] = (struct piece){header->e_shoff, header->e_shoff + (uint64_t)header->e_shnum *
                                                                            sizeof(Elf64_Shdr)};
    for (size_t i = 1; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        if (object_section_bytes(object, section) && section->size)
            pieces[count++] = (struct piece){section->offset, section->offset + section->size};
    }
    qsort(pieces, count, sizeof(*pieces), compare_pieces);
    for (size_t i = 0; i < count; i++) {
        if (pieces[i].start < end)
            refuse(verify, "two parts of the file lie over each other at offset 0x%lx",
                   pieces[i].start);
        else if (!is_padding(object, end, pieces[i].start))
            refuse(verify, "bytes of the file from 0x%lx to 0x%lx belong to nothing", end,
                   pieces[i].start);
        if (pieces[i].end > end)
            end = pieces[i].end;
    }
    if (end != object->size)
        refuse(verify, "%lu bytes follow the last part of the file", object->size - end);
    free(pieces);
}

void verify_make_image(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_segment *relro = find_segment(object, PT_GNU_RELRO);

    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_LOAD)
            verify->image_size = page_up(segment->vaddr + segment->memory_size);
    }
    verify->image = malloc(verify->image_size);
    if (!verify->image) {
        verify->out_of_memory = true;
        return;
    }
    memset(verify->image, 0xcc, verify->image_size);
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type != PT_LOAD)
            continue;
        memset(verify->image + segment->vaddr, 0, segment->memory_size);
        memcpy(verify->image + segment->vaddr, object->bytes + segment->offset, segment->file_size);
        if (segment->flags & PF_X) {
            verify->text_start = segment->vaddr;
            verify->text_end = page_up(segment->vaddr + segment->memory_size);
        }
    }
    verify->relro_start = relro->vaddr;
    verify->relro_end = relro->vaddr + relro->memory_size;
}

/* What a dynamic tag has to say: the address or size of a section, or a value with only these bits.
 */
static bool dynamic_value_is_right(const struct object *object, const Elf64_Dyn *entry)
{
    static const struct {
        int64_t tag;
        const char *section;
        bool is_size;
    } tables[] = {
        {DT_RELA, ".rela.dyn", false}, {DT_RELASZ, ".rela.dyn", true},
        {DT_SYMTAB, ".dynsym", false}, {DT_STRTAB, ".dynstr", false},
        {DT_STRSZ, ".dynstr", true},   {DT_GNU_HASH, ".gnu.hash", false},
        {DT_HASH, ".hash", false},
    };
    static const struct {
        int64_t tag;
        uint64_t bits;
    } values[] = {
        {DT_FLAGS, DF_SYMBOLIC | DF_BIND_NOW},
        {DT_FLAGS_1, DF_1_NOW | DF_1_PIE},
        {DT_DEBUG, 0},
    };
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        if (entry->d_tag != tables[i].tag)
            continue;
        const struct object_section *section = object_section(object, tables[i].section);
        return section &&
               entry->d_un.d_val == (tables[i].is_size ? section->size : section->address);
    }
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (entry->d_tag == values[i].tag)
            return (entry->d_un.d_val & ~values[i].bits) == 0;
    }
    switch (entry->d_tag) {
    case DT_RELAENT:
        return entry->d_un.d_val == sizeof(Elf64_Rela);
    case DT_SYMENT:
        return entry->d_un.d_val == sizeof(Elf64_Sym);
    case DT_RELACOUNT:
        return entry->d_un.d_val <= object->relocation_count;
    case DT_SYMBOLIC:
    case DT_BIND_NOW:
        return true;
    default:
        return false;
    }
}

void rule_dynamic(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_section *section = object_section(object, ".dynamic");
    const struct object_section *strings = object_section(object, ".dynstr");
    const struct object_section *symbols = object_section(object, ".dynsym");
    const struct object_section *relocations = object_section(object, ".rela.dyn");
    const struct object_segment *segment = find_segment(object, PT_DYNAMIC);

    if (!section || section->address != segment->vaddr || section->size != segment->memory_size ||
        section->offset != segment->offset || section->size != segment->file_size ||
        section->size % sizeof(Elf64_Dyn) || section->size / sizeof(Elf64_Dyn) > DYNAMIC_MAX) {
        refuse(verify, "PT_DYNAMIC is not section .dynamic, or has more than %u entries",
               DYNAMIC_MAX);
        return;
    }
    if (!strings || !symbols || !relocations || &object->sections[symbols->link] != strings ||
        relocations->link >= object->section_count ||
        &object->sections[relocations->link] != symbols) {
        refuse(verify, ".dynsym, .dynstr and .rela.dyn do not belong together");
        return;
    }

    const uint8_t *bytes = object_section_bytes(object, section);
    size_t count = section->size / sizeof(Elf64_Dyn);
    static const int64_t needed[] = {DT_RELA,   DT_RELASZ, DT_RELAENT, DT_SYMTAB,
                                     DT_SYMENT, DT_STRTAB, DT_STRSZ};
    unsigned found = 0;
    bool ended = false;
    for (size_t i = 0; i < count; i++) {
        Elf64_Dyn entry, other;
        memcpy(&entry, bytes + i * sizeof(entry), sizeof(entry));
        if (ended || entry.d_tag == DT_NULL) {
            ended = true;
            if (entry.d_tag || entry.d_un.d_val)
                refuse(verify, "dynamic entry %zu follows the end of the table", i);
            continue;
        }
        if (!dynamic_value_is_right(object, &entry))
            refuse(verify, "dynamic entry %zu has tag 0x%lx with value 0x%lx", i,
                   (unsigned long)entry.d_tag, entry.d_un.d_val);
        for (size_t j = 0; j < i; j++) {
            memcpy(&other, bytes + j * sizeof(other), sizeof(other));
            if (other.d_tag == entry.d_tag)
                refuse(verify, "dynamic tag 0x%lx stands twice", (unsigned long)entry.d_tag);
        }
        for (size_t j = 0; j < sizeof(needed) / sizeof(needed[0]); j++)
            found |= (unsigned)(entry.d_tag == needed[j]) << j;
    }
    if (!ended || found != (1u << sizeof(needed) / sizeof(needed[0])) - 1)
        refuse(verify, "the dynamic table lacks a tag that loaders need, or its end");
}

void rule_dynamic_symbols(struct verify *verify)
{
    const struct object *object = verify->object;

    if (object->dynamic_symbol_count > import_count() + 1) {
        refuse(verify, "%zu dynamic symbols are more than there are imports",
               object->dynamic_symbol_count - 1);
        return;
    }
    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        const struct object_symbol *symbol = &object->dynamic_symbols[i];
        if (symbol->section != SHN_UNDEF || symbol->value != 0 || symbol->size != 0)
            refuse(verify, "dynamic symbol %s is defined by the object", symbol->name);
        if ((symbol->bind != STB_GLOBAL && symbol->bind != STB_WEAK) ||
            symbol->visibility != STV_DEFAULT ||
            (symbol->type != STT_NOTYPE && symbol->type != STT_FUNC && symbol->type != STT_OBJECT))
            refuse(verify, "dynamic symbol %s has an unusual type, binding or visibility",
                   symbol->name);
        for (size_t j = 1; j < i; j++) {
            if (strcmp(object->dynamic_symbols[j].name, symbol->name) == 0)
                refuse(verify, "two dynamic symbols are called %s", symbol->name);
        }
    }
}
