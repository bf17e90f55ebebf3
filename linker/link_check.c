/* SPDX-License-Identifier: Apache-2.0 */
#include "base/demangle.h"
#include "base/diag.h"
#include "linker/imports.h"
#include "linker/link.h"
#include "runtime/abi/rex_abi.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_SIZE 8u

/* The defined symbol of .symtab that covers an address, for messages; NULL when none does. */
static const char *symbol_at(const struct object *image, uint64_t address)
{
    for (size_t i = 0; i < image->symbol_count; i++) {
        const struct object_symbol *symbol = &image->symbols[i];
        if (symbol->section != SHN_UNDEF && symbol->section < SHN_LORESERVE &&
            (symbol->type == STT_OBJECT || symbol->type == STT_FUNC) &&
            address - symbol->value < symbol->size)
            return symbol->name;
    }
    return NULL;
}

static void report_at(struct diag *diag, enum diag_code code, const struct object *image,
                      uint64_t address, const char *what)
{
    struct diag_message message = {
        .code = code,
        .at = {.symbol = symbol_at(image, address), .address = address, .has_address = true},
    };
    diag_report(diag, &message, "%s", what);
}

static bool in_relro(const struct object *image, uint64_t address)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct object_segment *segment = &image->segments[i];
        if (segment->type == PT_GNU_RELRO && address >= segment->vaddr &&
            segment->memory_size >= SLOT_SIZE &&
            address - segment->vaddr <= segment->memory_size - SLOT_SIZE)
            return true;
    }
    return false;
}

static bool in_section(const struct object_section *section, uint64_t address)
{
    return section && address >= section->address && address - section->address < section->size;
}

static int check_relocations(struct diag *diag, const struct object *image)
{
    int result = 0;
    const struct object_section *got = object_section(image, ".got");

    for (size_t i = 0; i < image->section_count; i++) {
        const struct object_section *section = &image->sections[i];
        if ((section->type == SHT_RELA || section->type == SHT_REL) &&
            strcmp(section->name, ".rela.dyn") != 0 && section->size > 0)
            result = diag_error(diag, DIAG_LINK_RELOCATION, NULL, "the image has a section %s",
                                section->name);
    }
    for (size_t i = 0; i < image->relocation_count; i++) {
        const struct object_relocation *relocation = &image->relocations[i];
        char text[80];
        if (relocation->type == R_X86_64_GLOB_DAT) {
            if (relocation->symbol != 0 && relocation->addend == 0 &&
                in_section(got, relocation->offset))
                continue;
            report_at(diag, DIAG_LINK_IMPORT_SLOT, image, relocation->offset,
                      "a GLOB_DAT that does not fill a slot of .got with an import");
        } else if (relocation->type != R_X86_64_RELATIVE || relocation->symbol != 0) {
            snprintf(text, sizeof(text), "a relocation of type %" PRIu32, relocation->type);
            report_at(diag, DIAG_LINK_RELOCATION, image, relocation->offset, text);
        } else if (!in_relro(image, relocation->offset)) {
            report_at(diag, DIAG_LINK_WRITABLE_POINTER, image, relocation->offset,
                      "a static that can change holds an address when the program starts");
        } else {
            continue;
        }
        result = -1;
    }
    return result;
}

static int compare_offsets(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* An empty slot is what some flags make of an undefined symbol, without a warning; the program
 * would call address 0. */
static int check_slots(struct diag *diag, const struct object *image)
{
    const struct object_section *got = object_section(image, ".got");
    if (!got || got->size == 0)
        return 0;
    uint64_t *offsets = calloc(image->relocation_count + 1, sizeof(*offsets));
    if (!offsets)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to check the link");
    size_t count = 0;
    int result = 0;
    for (size_t i = 0; i < image->relocation_count; i++)
        if (in_section(got, image->relocations[i].offset))
            offsets[count++] = image->relocations[i].offset;
    qsort(offsets, count, sizeof(*offsets), compare_offsets);
    size_t slots = got->size / SLOT_SIZE;
    for (size_t i = 0; i < slots || i < count; i++) {
        uint64_t expected = got->address + i * SLOT_SIZE;
        if (i < slots && i < count && offsets[i] == expected)
            continue;
        report_at(diag, DIAG_LINK_IMPORT_SLOT, image, i < count ? offsets[i] : expected,
                  "the slots of .got and their relocations do not correspond");
        result = -1;
        break;
    }
    free(offsets);
    return result;
}

static size_t count_slots(const struct object *image, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < image->relocation_count; i++) {
        const struct object_relocation *relocation = &image->relocations[i];
        if (relocation->type == R_X86_64_GLOB_DAT &&
            strcmp(image->dynamic_symbols[relocation->symbol].name, name) == 0)
            count++;
    }
    return count;
}

#define REFERENCES 8

/* lld's lines about who refers to an undefined symbol:
 *     ld.lld: error: undefined symbol: NAME
 *     >>> referenced by main.rs:5 (src/main.rs:5)
 *     >>>               main.o:(function)
 * copied into buffer, notes pointing to them. */
static void find_references(const char *text, const char *name, struct buffer *buffer,
                            const char *notes[REFERENCES + 1])
{
    static const char before[] = "undefined symbol: ", mark[] = ">>> ";
    size_t length = strlen(name), count = 0;
    size_t starts[REFERENCES];
    const char *at = strstr(text, before);

    while (at && (strncmp(at + sizeof(before) - 1, name, length) != 0 ||
                  at[sizeof(before) - 1 + length] != '\n'))
        at = strstr(at + 1, before);
    if (!at)
        return;
    at += sizeof(before) - 1;
    for (const char *line = at + length + 1;
         count < REFERENCES && strncmp(line, mark, sizeof(mark) - 1) == 0;) {
        line += sizeof(mark) - 1;
        line += strspn(line, " ");
        size_t line_length = strcspn(line, "\n");
        starts[count++] = buffer->length;
        buffer_append(buffer, line, line_length);
        buffer_char(buffer, '\0');
        line += line_length + (line[line_length] == '\n');
    }
    for (size_t i = 0; i < count && !buffer->failed; i++)
        notes[i] = buffer->data + starts[i];
}

static void report_undefined(struct diag *diag, const char *symbol, const char *lld_text)
{
    const char *notes[REFERENCES + 1] = {NULL};
    struct buffer lines = {0};
    char *name = demangle(symbol); /* as lld writes it */
    if (lld_text && name)
        find_references(lld_text, name, &lines, notes);
    struct diag_message message = {.code = DIAG_LINK_UNDEFINED,
                                   .notes = notes,
                                   .help = "use what the rex crate offers instead"};
    diag_report(diag, &message, "nothing defines the symbol %s", name ? name : symbol);
    free(name);
    buffer_free(&lines);
}

static bool is_undefined(const struct object_symbol *symbol)
{
    return symbol->section == SHN_UNDEF;
}

static int check_undefined(struct diag *diag, const struct object *image,
                           const struct object_symbol *symbol, const char *lld_text)
{
    if (!import_find(symbol->name)) {
        report_undefined(diag, symbol->name, lld_text);
        return -1;
    }
    size_t slots = count_slots(image, symbol->name);
    if (slots == 1)
        return 0;
    return diag_error(diag, DIAG_LINK_IMPORT_SLOT, NULL,
                      "the import %s has %zu slots for the loader to fill, not 1", symbol->name,
                      slots);
}

/* Undefined symbols of both tables: one that is only in .symtab has no relocation at all. */
static int check_imports(struct diag *diag, const struct object *image, const char *lld_text)
{
    int result = 0;
    for (size_t i = 1; i < image->symbol_count; i++)
        if (is_undefined(&image->symbols[i]) &&
            check_undefined(diag, image, &image->symbols[i], lld_text))
            result = -1;
    for (size_t i = 1; i < image->dynamic_symbol_count; i++) {
        const struct object_symbol *symbol = &image->dynamic_symbols[i];
        const struct object_symbol *known = object_symbol(image, symbol->name);
        if (is_undefined(symbol) && !(known && is_undefined(known)) &&
            check_undefined(diag, image, symbol, lld_text))
            result = -1;
    }
    return result;
}

static int check_defined(struct diag *diag, const struct object *image)
{
    int result = 0;
    for (size_t i = 1; i < image->symbol_count; i++) {
        const struct object_symbol *symbol = &image->symbols[i];
        if (symbol->section == SHN_UNDEF || !import_find(symbol->name))
            continue;
        report_at(diag, DIAG_LINK_IMPORT_DEFINED, image, symbol->value,
                  "a symbol of the program has the name of an import");
        result = -1;
    }
    return result;
}

static int check_size(struct diag *diag, const struct object *image)
{
    uint64_t end = 0;
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct object_segment *segment = &image->segments[i];
        if (segment->type == PT_LOAD && segment->vaddr + segment->memory_size > end)
            end = segment->vaddr + segment->memory_size;
    }
    if (end <= REX_IMAGE_MAX)
        return 0;
    return diag_error(diag, DIAG_LINK_TOO_LARGE, "keep large data in maps",
                      "the program takes %" PRIu64 " bytes when loaded, %u are allowed", end,
                      REX_IMAGE_MAX);
}

int link_check(struct diag *diag, const struct object *image, const char *lld_text)
{
    /* Each says everything that is wrong, so that one build shows it all; an undefined symbol makes
     * the other tables wrong too, and is the cause. */
    if (check_imports(diag, image, lld_text))
        return -1;
    int result = check_defined(diag, image);
    if (check_relocations(diag, image) || check_slots(diag, image))
        result = -1;
    if (check_size(diag, image))
        result = -1;
    return result;
}

bool link_has_undefined(const struct object *image)
{
    for (size_t i = 1; i < image->symbol_count; i++)
        if (is_undefined(&image->symbols[i]) && !import_find(image->symbols[i].name))
            return true;
    return false;
}
