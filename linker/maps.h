/* SPDX-License-Identifier: Apache-2.0 */
/* The maps that an object defines: the symbols of section .maps and what their definitions say. */
#ifndef REXC_LINKER_MAPS_H
#define REXC_LINKER_MAPS_H

#include "runtime/abi/rex_abi.h"

#include <stddef.h>
#include <stdint.h>

struct diag;
struct object;

struct map_symbol {
    const char *name; /* points into the object */
    uint64_t address; /* image address of the definition */
    struct rex_map_definition definition;
};

/* The STT_OBJECT symbols in section .maps, by address. *maps is to free(), NULL when there are
 * none. Reports and returns -1 when one is not of the size of a definition, or memory runs out. */
int maps_find(struct diag *diag, const char *name, const struct object *object,
              struct map_symbol **maps, size_t *count);

/* "hash", "array", "percpu_array" ...: BPF_MAP_TYPE_* as bpftool names them; NULL for one without a
 * name here. */
const char *map_type_name(uint32_t type);

#endif
