/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/demangle.h"
#include "base/diag.h"
#include "linker/btf.h"
#include "linker/imports.h"
#include "linker/inspect.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "linker/object.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Appends a name from the file: what could fool a terminal is shown as \xNN. The text fills at
 * least width columns. */
static void put_name(struct buffer *out, const char *name, size_t width)
{
    size_t start = out->length;
    for (; *name; name++) {
        unsigned char byte = (unsigned char)*name;
        if (byte < 0x20 || byte >= 0x7f)
            buffer_format(out, "\\x%02x", byte);
        else
            buffer_char(out, (char)byte);
    }
    while (!out->failed && out->length - start < width)
        buffer_char(out, ' ');
}

static size_t widest(size_t width, const char *name)
{
    size_t length = strlen(name);
    return length > width ? length : width;
}

static void put_programs(const struct note *note, struct buffer *out)
{
    size_t width = 0, section_width = 0;
    for (size_t i = 0; i < note->program_count; i++) {
        width = widest(width, note->programs[i].name);
        section_width = widest(section_width, note->programs[i].section);
    }
    buffer_string(out, "\nprograms\n");
    for (size_t i = 0; i < note->program_count; i++) {
        const struct note_program *program = &note->programs[i];
        buffer_string(out, "  ");
        put_name(out, program->name, width);
        buffer_format(out, "  %-10s  ", program_type_name(program->type));
        put_name(out, program->section, section_width);
        if (program->checked)
            buffer_format(out, "  stack checked at run time, limit %u bytes\n",
                          program->stack_bound);
        else
            buffer_format(out, "  stack at most %u bytes\n", program->stack_bound);
    }
}

static void put_part(const struct inspection *inspection, const char *map, enum map_part part,
                     uint32_t size, struct buffer *out)
{
    struct buffer name = {0};
    buffer_string(out, part == MAP_KEY ? "  key " : "  value ");
    if (inspection->map_types && map_types_name(inspection->map_types, map, part, &name)) {
        put_name(out, name.data, 0);
        buffer_format(out, " (%u bytes)", size);
    } else {
        buffer_format(out, "%u bytes", size);
    }
    buffer_free(&name);
}

static void put_maps(const struct inspection *inspection, struct buffer *out)
{
    size_t width = 0;
    if (inspection->map_count == 0)
        return;
    for (size_t i = 0; i < inspection->map_count; i++)
        width = widest(width, inspection->maps[i].name);
    buffer_string(out, "\nmaps\n");
    for (size_t i = 0; i < inspection->map_count; i++) {
        const struct map_symbol *map = &inspection->maps[i];
        const char *type = map_type_name(map->definition.type);
        buffer_string(out, "  ");
        put_name(out, map->name, width);
        if (type)
            buffer_format(out, "  %-12s", type);
        else
            buffer_format(out, "  type %-7u", map->definition.type);
        buffer_format(out, "  %u entries", map->definition.max_entries);
        if (map->definition.key_size)
            put_part(inspection, map->name, MAP_KEY, map->definition.key_size, out);
        if (map->definition.value_size)
            put_part(inspection, map->name, MAP_VALUE, map->definition.value_size, out);
        if (map->definition.flags)
            buffer_format(out, "  flags %#x", map->definition.flags);
        buffer_char(out, '\n');
    }
}

static void put_imports(const struct object *object, struct buffer *out)
{
    if (object->slot_count == 0)
        return;
    buffer_string(out, "\nimports\n");
    for (size_t i = 0; i < object->slot_count; i++) {
        const char *name = object->dynamic_symbols[object->slots[i].symbol].name;
        const struct rex_import *import = import_find(name);
        buffer_string(out, "  ");
        put_name(out, name, 0);
        if (!import)
            buffer_string(out, "  unknown");
        else if (import->gpl_only)
            buffer_string(out, "  GPL only");
        buffer_char(out, '\n');
    }
}

static void put_sections(const struct object *object, struct buffer *out)
{
    size_t width = 0;
    for (size_t i = 1; i < object->section_count; i++)
        width = widest(width, object->sections[i].name);
    buffer_string(out, "\nsections              address     size\n");
    for (size_t i = 1; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        buffer_string(out, "  ");
        put_name(out, section->name, width > 18 ? width : 18);
        if (section->flags & SHF_ALLOC)
            buffer_format(out, "%9" PRIx64, section->address);
        else
            buffer_string(out, "        -");
        buffer_format(out, "%9" PRIu64 "\n", section->size);
    }
}

static void put_layout(const struct object *object, struct buffer *out)
{
    buffer_string(out, "\nlayout\n");
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type != PT_LOAD && segment->type != PT_GNU_RELRO)
            continue;
        buffer_format(out, "  %6" PRIx64 "-%6" PRIx64 "  %c%c%c  %s\n", segment->vaddr,
                      segment->vaddr + segment->memory_size, segment->flags & PF_R ? 'r' : '-',
                      segment->flags & PF_W ? 'w' : '-', segment->flags & PF_X ? 'x' : '-',
                      segment->type == PT_LOAD ? "loaded" : "read-only once relocated");
    }
}

static void put_checks(const struct inspection *inspection, struct buffer *out)
{
    const struct note *note = inspection->note;
    if (note->check_count == 0)
        return;
    buffer_string(out, "\nstack checks\n");
    for (size_t i = 0; i < note->check_count; i++) {
        const struct object_function *function =
            object_function_at(inspection->object, note->checks[i].function);
        char *name = function ? demangle(function->name) : strdup("?");
        buffer_string(out, "  ");
        put_name(out, name ? name : "?", 0);
        buffer_format(out, "  needs %u bytes\n", note->checks[i].need);
        free(name);
    }
}

static void put_returns(const struct note *note, struct buffer *out)
{
    buffer_format(out, "\nreturns\n  %zu, rewritten where they stand when a kernel loads it\n",
                  note->return_count);
}

static void put_provenance(const struct note *note, struct buffer *out)
{
    size_t width = 0;
    if (note->provenance_count == 0)
        return;
    for (size_t i = 0; i < note->provenance_count; i++)
        width = widest(width, note->provenance[i].key);
    buffer_string(out, "\nprovenance\n");
    for (size_t i = 0; i < note->provenance_count; i++) {
        buffer_string(out, "  ");
        put_name(out, note->provenance[i].key, width);
        buffer_string(out, "  ");
        put_name(out, note->provenance[i].value, 0);
        buffer_char(out, '\n');
    }
}

static void put_signature(const struct inspection *inspection, struct buffer *out)
{
    const struct signature_check *check = &inspection->signature;
    buffer_string(out, "\nsignature\n  ");
    switch (check->verdict) {
    case SIGNATURE_TRUSTED:
    case SIGNATURE_UNTRUSTED:
        buffer_format(out, "by %s, serial %s%s\n", check->issuer, check->serial,
                      inspection->development ? ": development key, intact"
                                              : "; `rexc verify --cert` checks it");
        break;
    case SIGNATURE_TAMPERED:
        buffer_format(out, "CHANGED after signing by %s, serial %s\n", check->issuer,
                      check->serial);
        break;
    case SIGNATURE_UNSIGNED:
        buffer_string(out, "none\n");
        break;
    case SIGNATURE_MALFORMED:
        buffer_format(out, "MALFORMED: %s\n", check->problem);
        break;
    }
}

int inspect_text(struct diag *diag, const struct inspection *inspection, struct buffer *out)
{
    const struct object *object = inspection->object;
    put_name(out, inspection->path, 0);
    buffer_format(out, ": %zu bytes", object->size + object->signature_size);
    if (inspection->note)
        buffer_format(out, ", license %s, ABI %d", inspection->note->license, REX_ABI_VERSION);
    else
        buffer_string(out, ", no note: not made by rexc");
    buffer_char(out, '\n');
    if (inspection->note)
        put_programs(inspection->note, out);
    put_maps(inspection, out);
    put_imports(object, out);
    put_sections(object, out);
    put_layout(object, out);
    if (inspection->note) {
        put_checks(inspection, out);
        put_returns(inspection->note, out);
        put_provenance(inspection->note, out);
    }
    put_signature(inspection, out);
    return out->failed ? diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to describe %s",
                                    inspection->path)
                       : 0;
}
