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

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Names in an ELF file are bytes, JSON is UTF-8: what is not gets '?' for each byte above ASCII. */
static json_t *text(const char *bytes)
{
    json_t *string = json_string(bytes);
    char *ascii = string ? NULL : strdup(bytes);
    if (!ascii)
        return string;
    for (char *at = ascii; *at; at++) {
        if (*at & 0x80)
            *at = '?';
    }
    string = json_string(ascii);
    free(ascii);
    return string;
}

static json_t *number(uint64_t value)
{
    return json_integer((json_int_t)value);
}

/* json_pack with "o" takes NULL members for failures, and returns NULL then: one check at the end
 * of all. */

/* The list with the entry, both of which it takes; NULL when one of them is. */
static json_t *append(json_t *list, json_t *entry)
{
    if (list && json_array_append_new(list, entry) == 0)
        return list;
    if (!list)
        json_decref(entry);
    json_decref(list);
    return NULL;
}

static json_t *programs(const struct note *note)
{
    json_t *list = json_array();
    for (size_t i = 0; note && i < note->program_count; i++) {
        const struct note_program *program = &note->programs[i];
        json_t *entry =
            json_pack("{s:o,s:s,s:o,s:o,s:o,s:b}", "name", text(program->name), "type",
                      program_type_name(program->type), "section", text(program->section), "entry",
                      number(program->entry), "stack_bound", number(program->stack_bound),
                      "checked", (int)program->checked);
        list = append(list, entry);
    }
    return list;
}

static json_t *type_name(const struct inspection *inspection, const char *map, enum map_part part)
{
    struct buffer name = {0};
    json_t *result = NULL;
    if (inspection->map_types && map_types_name(inspection->map_types, map, part, &name))
        result = text(name.data);
    else if (!name.failed)
        result = json_null();
    buffer_free(&name);
    return result;
}

static json_t *maps(const struct inspection *inspection)
{
    json_t *list = json_array();
    for (size_t i = 0; i < inspection->map_count; i++) {
        const struct map_symbol *map = &inspection->maps[i];
        const struct rex_map_definition *definition = &map->definition;
        const char *type = map_type_name(definition->type);
        json_t *entry = json_pack(
            "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "name", text(map->name), "type",
            type ? json_string(type) : number(definition->type), "key_size",
            number(definition->key_size), "value_size", number(definition->value_size),
            "max_entries", number(definition->max_entries), "flags", number(definition->flags),
            "key_type", type_name(inspection, map->name, MAP_KEY), "value_type",
            type_name(inspection, map->name, MAP_VALUE), "address", number(map->address));
        list = append(list, entry);
    }
    return list;
}

static json_t *imports(const struct object *object)
{
    json_t *list = json_array();
    for (size_t i = 0; i < object->slot_count; i++) {
        static const char *const kinds[] = {
            [REX_IMPORT_IS_FUNCTION] = "function",
            [REX_IMPORT_IS_PERCPU] = "percpu",
            [REX_IMPORT_IS_FIELD] = "field",
        };
        const char *name = object->dynamic_symbols[object->slots[i].symbol].name;
        const struct rex_import *import = import_find(name);
        json_t *entry =
            json_pack("{s:o,s:s,s:b,s:o}", "name", text(name), "kind",
                      import ? kinds[import->kind] : "unknown", "gpl_only",
                      import && import->gpl_only, "slot", number(object->slots[i].offset));
        list = append(list, entry);
    }
    return list;
}

static json_t *sections(const struct object *object)
{
    json_t *list = json_array();
    for (size_t i = 1; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        json_t *entry =
            json_pack("{s:o,s:o,s:o,s:o,s:b}", "name", text(section->name), "address",
                      number(section->address), "offset", number(section->offset), "size",
                      number(section->size), "loaded", (section->flags & SHF_ALLOC) != 0);
        list = append(list, entry);
    }
    return list;
}

static json_t *layout(const struct object *object)
{
    json_t *list = json_array();
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        const char flags[] = {segment->flags & PF_R ? 'r' : '-', segment->flags & PF_W ? 'w' : '-',
                              segment->flags & PF_X ? 'x' : '-', '\0'};
        if (segment->type != PT_LOAD && segment->type != PT_GNU_RELRO)
            continue;
        json_t *entry =
            json_pack("{s:s,s:s,s:o,s:o,s:o}", "kind", segment->type == PT_LOAD ? "load" : "relro",
                      "flags", flags, "address", number(segment->vaddr), "file_size",
                      number(segment->file_size), "memory_size", number(segment->memory_size));
        list = append(list, entry);
    }
    return list;
}

static json_t *checks(const struct inspection *inspection)
{
    const struct note *note = inspection->note;
    json_t *list = json_array();
    for (size_t i = 0; i < note->check_count; i++) {
        const struct object_function *function =
            object_function_at(inspection->object, note->checks[i].function);
        char *name = function ? demangle(function->name) : strdup("?");
        json_t *entry =
            name ? json_pack("{s:o,s:o,s:o}", "function", text(name), "address",
                             number(note->checks[i].function), "need", number(note->checks[i].need))
                 : NULL;
        free(name);
        list = append(list, entry);
    }
    return list;
}

static json_t *returns(const struct note *note)
{
    json_t *list = json_array();
    for (size_t i = 0; i < note->return_count; i++)
        list = append(list, number(note->returns[i]));
    return list;
}

static json_t *provenance(const struct note *note)
{
    json_t *pairs = json_object();
    for (size_t i = 0; i < note->provenance_count; i++) {
        if (json_object_set_new(pairs, note->provenance[i].key, text(note->provenance[i].value)))
            goto fail;
    }
    return pairs;
fail:
    json_decref(pairs);
    return NULL;
}

static json_t *note_object(const struct inspection *inspection)
{
    const struct note *note = inspection->note;
    if (!note)
        return json_null();
    return json_pack("{s:i,s:i,s:o,s:o,s:o,s:o,s:b,s:o,s:o,s:o}", "version", REX_NOTE_VERSION,
                     "abi", REX_ABI_VERSION, "license", text(note->license), "panic_body",
                     number(note->panic_body), "handle_timeout", number(note->handle_timeout),
                     "panic_bound", number(note->panic_bound), "panic_checked",
                     (int)note->panic_checked, "checks", checks(inspection), "returns",
                     returns(note), "provenance", provenance(note));
}

static json_t *signature(const struct inspection *inspection)
{
    const struct signature_check *check = &inspection->signature;
    return json_pack("{s:b,s:s,s:b,s:b,s:s?,s:s?}", "signed", check->verdict != SIGNATURE_UNSIGNED,
                     "verdict", signature_verdict_name(check->verdict), "intact",
                     (int)check->intact, "development_key", (int)inspection->development, "issuer",
                     check->issuer, "serial", check->serial);
}

json_t *inspect_json(struct diag *diag, const struct inspection *inspection)
{
    const struct object *object = inspection->object;
    json_t *result =
        json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "format", 1, "file",
                  text(inspection->path), "size", number(object->size + object->signature_size),
                  "programs", programs(inspection->note), "maps", maps(inspection), "imports",
                  imports(object), "sections", sections(object), "layout", layout(object), "note",
                  note_object(inspection), "signature", signature(inspection));
    if (!result)
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to describe %s", inspection->path);
    return result;
}
