/* SPDX-License-Identifier: GPL-2.0-only */
/* What objects may import, and where it is in this kernel. */
#ifndef REX_KERNEL_IMPORTS_H
#define REX_KERNEL_IMPORTS_H

#include "runtime/abi/rex_imports.h"
#include "runtime/kernel/image.h"

/* import_table.c: imports.def as a table. */
const struct rex_import *rex_import_find(const char *symbol);
/* How many there are, and which one of them it is. */
u32 rex_import_count(void);
u32 rex_import_index(const struct rex_import *import);
/* The address of a function that is imported; 0 when this kernel does not have it. */
unsigned long rex_import_address(const struct rex_import *import);

/* program.c: what an import's thunk jumps to, for an import that returns. */
size_t rex_gate_size(void);
int rex_gate_write(u8 *at, unsigned long import);

/* imports.c */

/*
 * Checks every relocation, and fills in the image's slots: addresses of the image, offsets of fields in
 * this kernel, the place of the per-CPU state. Functions' slots stay 0: their thunks, whose bytes are checked,
 * are rewritten to jump there directly, by way of a gate.
 */
int rex_imports_link(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     struct rex_message *message);
/* What the imports of an object need before they are first called. */
int rex_imports_prepare(const struct rex_elf *elf, struct rex_message *message);

/* fields.c: the offset of a field in the running kernel. Returns 0, or an error with the message. */
int rex_field_offset(const struct rex_import *field, u64 *offset, struct rex_message *message);

#endif
