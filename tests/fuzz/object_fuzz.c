/* SPDX-License-Identifier: Apache-2.0 */
/* The object reader, and what reads further from an object that it took: maps, BTF, the
 * description. */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/btf.h"
#include "linker/inspect.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "linker/object.h"

#include <bpf/libbpf.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every lookup, at addresses that the file itself suggests. */
static void look_up(const struct object *object)
{
    for (size_t i = 0; i < object->symbol_count && i < 64; i++) {
        uint64_t value = object->symbols[i].value;
        object_symbol(object, object->symbols[i].name);
        object_function_at(object, value);
        object_function_containing(object, value + object->symbols[i].size);
        object_bytes_at(object, value, object->symbols[i].size);
        object_slot_symbol(object, value);
    }
    for (size_t i = 0; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        const uint8_t *bytes = object_section_bytes(object, section);
        volatile uint8_t last = 0;
        if (bytes && section->size)
            last = bytes[section->size - 1];
        (void)last;
        object_section(object, section->name);
    }
}

static void print_maps(const struct map_types *types, const struct map_symbol *maps, size_t count)
{
    static const uint8_t zeroes[256];
    for (size_t i = 0; i < count && i < 16; i++) {
        struct buffer text = {0};
        map_types_format(types, maps[i].name, MAP_KEY, zeroes,
                         maps[i].definition.key_size % sizeof(zeroes), &text);
        map_types_format(types, maps[i].name, MAP_VALUE, zeroes,
                         maps[i].definition.value_size % sizeof(zeroes), &text);
        buffer_free(&text);
    }
}

static void describe(struct diag *diag, struct object *object)
{
    struct inspection inspection = {.path = "input", .object = object};
    struct buffer text = {0};
    note_read_object(diag, "input", object, &inspection.note);
    map_types_read(diag, "input", object, &inspection.map_types);
    maps_find(diag, "input", object, &inspection.maps, &inspection.map_count);
    signature_check(diag, object->file, object->size + object->signature_size, NULL, 0, NULL, 0,
                    &inspection.signature);
    if (inspection.map_types)
        print_maps(inspection.map_types, inspection.maps, inspection.map_count);
    inspect_text(diag, &inspection, &text);
    json_decref(inspect_json(diag, &inspection));
    buffer_free(&text);
    inspection_free(&inspection);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink) {
        sink = fopen("/dev/null", "w");
        libbpf_set_print(NULL);
    }
    struct diag_options options = {.stream = sink};
    struct diag *diag = diag_new(&options);
    struct object *object;
    if (object_read(diag, "input", data, size, &object) == 0) {
        look_up(object);
        describe(diag, object); /* which frees it */
    }
    diag_free(diag);
    return 0;
}
