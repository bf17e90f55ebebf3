/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/maps.h"
#include "base/diag.h"
#include "linker/object.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

static int compare_maps(const void *left, const void *right)
{
    const struct map_symbol *a = left, *b = right;
    if (a->address != b->address)
        return a->address < b->address ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool is_map(const struct object *object, const struct object_symbol *symbol)
{
    return symbol->type == STT_OBJECT && symbol->section != SHN_UNDEF &&
           symbol->section < object->section_count &&
           strcmp(object->sections[symbol->section].name, ".maps") == 0;
}

static int read_map(struct diag *diag, const char *name, const struct object *object,
                    const struct object_symbol *symbol, struct map_symbol *map)
{
    const uint8_t *bytes = object_bytes_at(object, symbol->value, sizeof(map->definition));
    if (symbol->size != sizeof(map->definition) || !bytes) {
        struct diag_message message = {
            .code = DIAG_OBJECT_MALFORMED,
            .at = {.file = name,
                   .symbol = symbol->name,
                   .address = symbol->value,
                   .has_address = true},
            .help = "only statics marked #[rex_map] may be in section .maps",
        };
        diag_report(diag, &message, "a symbol in .maps is not a map definition of %zu bytes",
                    sizeof(map->definition));
        return -1;
    }
    map->name = symbol->name;
    map->address = symbol->value;
    memcpy(&map->definition, bytes, sizeof(map->definition));
    return 0;
}

int maps_find(struct diag *diag, const char *name, const struct object *object,
              struct map_symbol **maps, size_t *count)
{
    size_t found = 0;

    *maps = NULL;
    *count = 0;
    for (size_t i = 0; i < object->symbol_count; i++)
        found += is_map(object, &object->symbols[i]);
    if (found == 0)
        return 0;
    struct map_symbol *list = calloc(found, sizeof(*list));
    if (!list) {
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the maps of %s", name);
        return -1;
    }
    size_t next = 0;
    for (size_t i = 0; i < object->symbol_count; i++) {
        if (!is_map(object, &object->symbols[i]))
            continue;
        if (read_map(diag, name, object, &object->symbols[i], &list[next++])) {
            free(list);
            return -1;
        }
    }
    qsort(list, found, sizeof(*list), compare_maps);
    *maps = list;
    *count = found;
    return 0;
}

const char *map_type_name(uint32_t type)
{
    switch (type) {
    case BPF_MAP_TYPE_HASH:
        return "hash";
    case BPF_MAP_TYPE_ARRAY:
        return "array";
    case BPF_MAP_TYPE_PERF_EVENT_ARRAY:
        return "perf_event_array";
    case BPF_MAP_TYPE_PERCPU_HASH:
        return "percpu_hash";
    case BPF_MAP_TYPE_PERCPU_ARRAY:
        return "percpu_array";
    case BPF_MAP_TYPE_STACK_TRACE:
        return "stack_trace";
    case BPF_MAP_TYPE_LRU_HASH:
        return "lru_hash";
    case BPF_MAP_TYPE_QUEUE:
        return "queue";
    case BPF_MAP_TYPE_STACK:
        return "stack";
    case BPF_MAP_TYPE_RINGBUF:
        return "ringbuf";
    default:
        return NULL;
    }
}
