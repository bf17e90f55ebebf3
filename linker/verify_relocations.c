/* SPDX-License-Identifier: Apache-2.0 */
/* What a loader writes into the image: addresses of the image itself and of what is imported. */
#include "linker/verify_rules.h"

#include <stdlib.h>
#include <string.h>

#define SLOT_SIZE 8u

void rule_relocation_types(struct verify *verify)
{
    const struct object *object = verify->object;

    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type != R_X86_64_RELATIVE && relocation->type != R_X86_64_GLOB_DAT)
            refuse_at(verify, relocation->offset, "relocation %zu is of type %u", i,
                      relocation->type);
        else if ((relocation->type == R_X86_64_RELATIVE) != (relocation->symbol == 0))
            refuse_at(verify, relocation->offset, "relocation %zu %s a symbol", i,
                      relocation->symbol ? "is R_X86_64_RELATIVE but names"
                                         : "is R_X86_64_GLOB_DAT but lacks");
        if (relocation->type == R_X86_64_GLOB_DAT && relocation->addend != 0)
            refuse_at(verify, relocation->offset, "relocation %zu adds %ld to a symbol", i,
                      relocation->addend);
    }
}

static bool is_inside(const struct object_section *section, uint64_t address, uint64_t size)
{
    return section && address >= section->address && size <= section->size &&
           address - section->address <= section->size - size;
}

static int compare_offsets(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

void rule_relocation_targets(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_section *got = object_section(object, ".got");
    const struct object_section *constants = object_section(object, ".data.rel.ro");
    uint64_t *offsets = calloc(object->relocation_count + 1, sizeof(*offsets));

    if (!offsets) {
        verify->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        offsets[i] = relocation->offset;
        if (relocation->offset % SLOT_SIZE)
            refuse_at(verify, relocation->offset, "relocation %zu fills an unaligned place", i);
        /* Both sections lie in PT_GNU_RELRO: section-layout. */
        else if (!is_inside(got, relocation->offset, SLOT_SIZE) &&
                 (relocation->type == R_X86_64_GLOB_DAT ||
                  !is_inside(constants, relocation->offset, SLOT_SIZE)))
            refuse_at(verify, relocation->offset, "relocation %zu fills a place of %s", i,
                      relocation->type == R_X86_64_GLOB_DAT
                          ? "another section than .got"
                          : "another section than .got and .data.rel.ro");
    }
    qsort(offsets, object->relocation_count, sizeof(*offsets), compare_offsets);
    for (size_t i = 1; i < object->relocation_count; i++) {
        if (offsets[i] - offsets[i - 1] < SLOT_SIZE)
            refuse_at(verify, offsets[i], "two relocations fill the same place");
    }
    free(offsets);
}

void rule_relative_addends(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_section *got = object_section(object, ".got");
    const struct object_section *dynamic = object_section(object, ".dynamic");

    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        uint64_t address = (uint64_t)relocation->addend, place;
        if (relocation->type != R_X86_64_RELATIVE ||
            relocation->offset > verify->image_size - SLOT_SIZE)
            continue;
        memcpy(&place, verify->image + relocation->offset, sizeof(place));
        if (place != address)
            refuse_at(verify, relocation->offset, "the addend 0x%lx is not in place (0x%lx is)",
                      address, place);
        if (address > verify->image_size) /* one past the last byte is a pointer, too */
            refuse_at(verify, relocation->offset, "the address 0x%lx is outside the image",
                      address);
        else if (is_inside(got, address, 1) || is_inside(dynamic, address, 1))
            refuse_at(verify, relocation->offset, "the address 0x%lx is of %s", address,
                      is_inside(got, address, 1) ? ".got" : ".dynamic");
    }
}

void rule_undefined_once(struct verify *verify)
{
    const struct object *object = verify->object;
    size_t *filled = calloc(object->dynamic_symbol_count + 1, sizeof(*filled));

    if (!filled) {
        verify->out_of_memory = true;
        return;
    }
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type == R_X86_64_GLOB_DAT)
            filled[relocation->symbol]++;
    }
    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        if (filled[i] != 1)
            refuse(verify, "%s has %zu R_X86_64_GLOB_DAT relocations",
                   object->dynamic_symbols[i].name, filled[i]);
    }
    /* A symbol that the linker left undefined without telling the loader is a 0 in the code. */
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        bool known = symbol->section != SHN_UNDEF;
        for (size_t j = 1; j < object->dynamic_symbol_count && !known; j++)
            known = strcmp(object->dynamic_symbols[j].name, symbol->name) == 0;
        if (!known)
            refuse(verify, "%s is undefined, and no relocation will fill it", symbol->name);
    }
    free(filled);
}

void rule_imports_known(struct verify *verify)
{
    const struct object *object = verify->object;

    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        if (!import_find(object->dynamic_symbols[i].name))
            refuse(verify, "%s is not in the list of imports", object->dynamic_symbols[i].name);
    }
}
