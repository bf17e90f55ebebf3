/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/vm/hostile/mutate.h"
#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_note.h"

#include <elf.h>
#include <stdbool.h>
#include <string.h>

/* splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators". */
uint64_t random_next(struct random *random)
{
    uint64_t value = random->state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

uint64_t random_below(struct random *random, uint64_t limit)
{
    return random_next(random) % limit;
}

/* A row of equal entries in the file. */
struct table {
    size_t start;
    size_t entry; /* bytes; 0: there is no such table */
    size_t count;
};

/* Sizes of the members of an entry, in order; they fill it. */
struct layout {
    uint8_t members[24];
};

static const struct layout header_layout = {
    {4, 1, 1, 1, 1, 8, 2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2}};
static const struct layout segment_layout = {{4, 4, 8, 8, 8, 8, 8, 8}};
static const struct layout section_layout = {{4, 4, 8, 8, 8, 8, 4, 4, 8, 8}};
static const struct layout symbol_layout = {{4, 1, 1, 2, 8, 8}};
static const struct layout relocation_layout = {{8, 4, 4, 8}};
static const struct layout dynamic_layout = {{8, 8}};
static const struct layout map_layout = {{4, 4, 4, 4, 4, 4, 8}};
static const struct layout note_layout = {
    {4, 4, 4, 4, 8, 8, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4}};
static const struct layout note_program_layout = {{4, 4, 4, 4, 8, 4, 4}};
static const struct layout note_map_layout = {{4, 4, 8}};
static const struct layout note_import_layout = {{4, 4, 8}};
static const struct layout note_field_layout = {{4, 4, 4, 4, 8}};
static const struct layout note_check_layout = {{8, 4, 4}};
static const struct layout note_pair_layout = {{4, 4}};
static const struct layout note_return_layout = {{4}};
static const struct layout return_layout = {{1, 4}};
static const struct layout byte_layout = {{1}};

static bool is_in(const struct bytes *object, uint64_t start, uint64_t size)
{
    return start <= object->size && size <= object->size - start;
}

static struct table table_at(const struct bytes *object, uint64_t start, size_t entry,
                             uint64_t count)
{
    if (count == 0 || count > object->size || !is_in(object, start, entry * count))
        return (struct table){0};
    return (struct table){.start = start, .entry = entry, .count = count};
}

static Elf64_Ehdr header_of(const struct bytes *object)
{
    Elf64_Ehdr header = {0};
    if (is_in(object, 0, sizeof(header)))
        memcpy(&header, object->data, sizeof(header));
    return header;
}

static Elf64_Shdr section_of(const struct bytes *object, unsigned index)
{
    const Elf64_Ehdr header = header_of(object);
    Elf64_Shdr section = {0};
    if (is_in(object, header.e_shoff, (uint64_t)(index + 1) * sizeof(section)))
        memcpy(&section, object->data + header.e_shoff + index * sizeof(section), sizeof(section));
    return section;
}

/* The content of a section of that name, in entries; an earlier change may have put it anywhere. */
static struct table section_named(const struct bytes *object, const char *name, size_t entry)
{
    const Elf64_Ehdr header = header_of(object);
    const Elf64_Shdr names = section_of(object, header.e_shstrndx);

    for (unsigned i = 1; i < header.e_shnum; i++) {
        const Elf64_Shdr section = section_of(object, i);
        uint64_t at = names.sh_offset + section.sh_name;
        if (is_in(object, at, strlen(name) + 1) &&
            memcmp(object->data + at, name, strlen(name) + 1) == 0 && section.sh_type != SHT_NOBITS)
            return table_at(object, section.sh_offset, entry, section.sh_size / entry);
    }
    return (struct table){0};
}

/* A table of the note, the first one being number 0; 8 and more is the header. */
static struct table note_table(const struct bytes *object, unsigned number, size_t entry)
{
    const struct table section = section_named(object, ".note.rex", 1);
    struct rex_note_header header;
    const size_t start = section.start + sizeof(Elf64_Nhdr) + 4;

    if (section.entry == 0 || section.count < sizeof(Elf64_Nhdr) + 4 + sizeof(header))
        return (struct table){0};
    if (number > 7)
        return table_at(object, start, sizeof(header), 1);
    memcpy(&header, object->data + start, sizeof(header));
    const struct rex_note_table *tables[] = {&header.programs,   &header.maps,   &header.imports,
                                             &header.fields,     &header.checks, &header.returns,
                                             &header.provenance, &header.strings};
    return table_at(object, start + tables[number]->offset, entry, tables[number]->count);
}

/* The bytes of a return that the note has. */
static struct table return_at(struct random *random, const struct bytes *object)
{
    const struct table sites = note_table(object, 5, sizeof(uint32_t));
    const Elf64_Ehdr header = header_of(object);
    uint32_t site;

    if (sites.entry == 0)
        return sites;
    memcpy(&site, object->data + sites.start + random_below(random, sites.count) * sizeof(site),
           sizeof(site));
    for (unsigned i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        const uint64_t at = header.e_phoff + i * sizeof(segment);
        if (!is_in(object, at, sizeof(segment)))
            break;
        memcpy(&segment, object->data + at, sizeof(segment));
        if (segment.p_type == PT_LOAD && site >= segment.p_vaddr &&
            site - segment.p_vaddr < segment.p_filesz)
            return table_at(object, segment.p_offset + (site - segment.p_vaddr), 5, 1);
    }
    return (struct table){0};
}

/* One of the places where something may be changed, and how its entries are laid out. */
static struct table choose_table(struct random *random, const struct bytes *object,
                                 const struct layout **layout)
{
    const Elf64_Ehdr header = header_of(object);

#define TABLE(the_layout, table)                                                                   \
    *layout = &(the_layout);                                                                       \
    return table
    switch (random_below(random, 29)) {
    case 0:
        TABLE(header_layout, table_at(object, 0, sizeof(header), 1));
    case 1:
    case 2:
    case 3:
        TABLE(segment_layout, table_at(object, header.e_phoff, sizeof(Elf64_Phdr), header.e_phnum));
    case 4:
    case 5:
    case 6:
        TABLE(section_layout, table_at(object, header.e_shoff, sizeof(Elf64_Shdr), header.e_shnum));
    case 7:
        TABLE(symbol_layout, section_named(object, ".symtab", sizeof(Elf64_Sym)));
    case 8:
    case 9:
        TABLE(symbol_layout, section_named(object, ".dynsym", sizeof(Elf64_Sym)));
    case 10:
    case 11:
    case 12:
        TABLE(relocation_layout, section_named(object, ".rela.dyn", sizeof(Elf64_Rela)));
    case 13:
        TABLE(dynamic_layout, section_named(object, ".dynamic", sizeof(Elf64_Dyn)));
    case 14:
        TABLE(map_layout, section_named(object, ".maps", sizeof(struct rex_map_definition)));
    case 15:
        TABLE(note_layout, note_table(object, 8, 0));
    case 16:
        TABLE(note_program_layout, note_table(object, 0, sizeof(struct rex_note_program)));
    case 17:
        TABLE(note_map_layout, note_table(object, 1, sizeof(struct rex_note_map)));
    case 18:
        TABLE(note_import_layout, note_table(object, 2, sizeof(struct rex_note_import)));
    case 19:
        TABLE(note_field_layout, note_table(object, 3, sizeof(struct rex_note_field)));
    case 20:
        TABLE(note_check_layout, note_table(object, 4, sizeof(struct rex_note_check)));
    case 21:
        TABLE(note_pair_layout, note_table(object, 6, sizeof(struct rex_note_pair)));
    case 22:
        TABLE(byte_layout, note_table(object, 7, 1));
    case 23:
    case 24:
        TABLE(note_return_layout, note_table(object, 5, sizeof(uint32_t)));
    case 25:
        TABLE(return_layout, return_at(random, object));
    case 26:
        TABLE(byte_layout, section_named(object, ".dynstr", 1));
    case 27:
        TABLE(byte_layout,
              section_named(object, random_below(random, 2) ? ".strtab" : ".shstrtab", 1));
    default:
        TABLE(byte_layout, table_at(object, 0, 1, object->size));
    }
#undef TABLE
}

/* Numbers at which arithmetic goes wrong, and numbers near what was there. */
static uint64_t other_number(struct random *random, const struct bytes *object, uint64_t old)
{
    static const uint64_t edges[] = {0,
                                     1,
                                     7,
                                     8,
                                     0x7f,
                                     0x80,
                                     0xff,
                                     0x100,
                                     0xfff,
                                     0x1000,
                                     0x1001,
                                     0x7fff,
                                     0xffff,
                                     0x100000,
                                     0x7fffffff,
                                     0x80000000,
                                     0xffffffff,
                                     0x100000000,
                                     0x7fffffffffffffff,
                                     0x8000000000000000,
                                     0xfffffffffffff000,
                                     0xfffffffffffffff8,
                                     0xffffffffffffffff};

    switch (random_below(random, 8)) {
    case 0:
        return edges[random_below(random, sizeof(edges) / sizeof(edges[0]))];
    case 1:
        return old ^ (uint64_t)1 << random_below(random, 64);
    case 2:
        return old + random_below(random, 33) - 16;
    case 3:
        return old + 8 * (random_below(random, 129) - 64);
    case 4:
        return old + 0x1000 * (random_below(random, 33) - 16);
    case 5:
        return object->size + random_below(random, 17) - 8;
    case 6:
        return random_below(random, object->size + 1);
    default:
        return random_next(random);
    }
}

static void change_member(struct random *random, struct bytes *object, const struct table *table,
                          const struct layout *layout)
{
    size_t members = 0, offset = 0, at;
    uint64_t value = 0;

    while (members < sizeof(layout->members) && layout->members[members])
        members++;
    const size_t chosen = random_below(random, members);
    for (size_t i = 0; i < chosen; i++)
        offset += layout->members[i];
    at = table->start + random_below(random, table->count) * table->entry + offset;
    const size_t size = layout->members[chosen];
    memcpy(&value, object->data + at, size);
    value = other_number(random, object, value);
    memcpy(object->data + at, &value, size);
}

/* One entry becomes a copy of another, or they change places. */
static void move_entry(struct random *random, struct bytes *object, const struct table *table)
{
    uint8_t *a = object->data + table->start + random_below(random, table->count) * table->entry;
    uint8_t *b = object->data + table->start + random_below(random, table->count) * table->entry;
    const bool swap = random_below(random, 2);

    for (size_t i = 0; i < table->entry; i++) {
        uint8_t old = a[i];
        a[i] = b[i];
        if (swap)
            b[i] = old;
    }
}

/* The file becomes shorter or longer. */
static void change_size(struct random *random, struct bytes *object)
{
    const size_t change = 1 + random_below(random, random_below(random, 2) ? 64 : object->size);

    if (random_below(random, 2)) {
        object->size -= change < object->size ? change : 0;
        return;
    }
    for (size_t i = 0; i < change && object->size < object->room / 2; i++)
        object->data[object->size++] = (uint8_t)random_next(random);
}

static void change_once(struct random *random, struct bytes *object)
{
    const struct layout *layout;
    struct table table;

    if (random_below(random, 50) == 0) {
        change_size(random, object);
        return;
    }
    /* The last kind of table, all of the file, is always there. */
    do {
        table = choose_table(random, object, &layout);
    } while (table.entry == 0);
    if (table.count > 1 && layout != &byte_layout && random_below(random, 5) == 0)
        move_entry(random, object, &table);
    else
        change_member(random, object, &table, layout);
}

void mutate_object(struct random *random, struct bytes *object)
{
    const uint64_t changes = random_below(random, 4) == 0 ? 2 + random_below(random, 2) : 1;

    for (uint64_t i = 0; i < changes; i++)
        change_once(random, object);
}

void mutate_signature(struct random *random, struct bytes *object, size_t elf_size)
{
    const size_t size = object->size - elf_size;
    uint8_t *at = object->data + elf_size + random_below(random, size);
    const size_t count = 1 + random_below(random, 16);

    switch (random_below(random, 5)) {
    case 0: /* a bit */
        *at ^= (uint8_t)(1u << random_below(random, 8));
        break;
    case 1: /* a number, in the trailer half of the time */
        if (random_below(random, 2))
            at = object->data + object->size - 1 - random_below(random, 40);
        *at = (uint8_t)other_number(random, object, *at);
        break;
    case 2: /* cut off */
        object->size -= count < size ? count : 0;
        break;
    case 3: /* bytes between */
        memmove(at + count, at, (size_t)(object->data + object->size - at));
        object->size += count;
        break;
    default: /* the whole signature once more */
        memcpy(object->data + object->size, object->data + elf_size, size);
        object->size += size;
    }
}
