/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of traits' functions (vtables) in a linked image: where llvm-pass/slots.cpp gave one a
 * symbol. A finished object no longer has the symbols, and for whoever reads one all its pointers
 * are just pointers. No two tables overlap.
 */
#ifndef REXC_LINKER_TABLES_H
#define REXC_LINKER_TABLES_H

#include "linker/object.h"

#include <stdint.h>

#define TABLES_SYMBOL "__rex_vtable" /* what every such symbol's name begins with */
#define TABLES_NONE UINT32_MAX

struct table {
    uint64_t address, size; /* in the image; bytes */
};

struct tables {
    struct table *items; /* by address */
    uint32_t count;
};

/* Returns -1 when memory ran out. tables_free() in either case. */
int tables_find(const struct object *object, struct tables *tables);
void tables_free(struct tables *tables);
/* The index of the table that the address lies in, TABLES_NONE when it is in none. */
uint32_t tables_containing(const struct tables *tables, uint64_t address);

#endif
