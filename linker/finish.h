/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the linked image to the object file: everything that is loaded stays at its place, byte by
 * byte, but for the kcfi ids given; after it come the sections that are not loaded.
 *
 *   kept     .symtab without __cfi_*, __rex_need.*, __rex_vtable*, _DYNAMIC, file and section
 *            symbols; .comment; .debug_*
 *   added    .note.rex, .BTF, .shstrtab and a new section header table, at the file's end
 *   dropped  every other section that is not loaded, .relro_padding
 */
#ifndef REXC_LINKER_FINISH_H
#define REXC_LINKER_FINISH_H

#include "base/buffer.h"
#include "linker/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* A function's kcfi prefix gets another id. */
struct finish_id {
    uint64_t function; /* image address of the function; its prefix `mov eax, imm32` ends there */
    uint32_t id;
};

struct finish_inputs {
    const struct object *image; /* as linked */
    const void *note;           /* content of .note.rex: a whole ELF note */
    size_t note_size;
    const void *btf; /* content of .BTF */
    size_t btf_size; /* 0: no .BTF section */
    const struct finish_id *ids;
    size_t id_count;
    bool strip; /* the .debug_* sections go into *debug and not into *object */
};

/* Makes the object file, unsigned. With strip, *debug gets an ELF file with the debug sections, the
 * symbols and headers of the loaded sections without content, as debuggers take it beside the
 * object; debug may be NULL otherwise. Both buffers must be empty. Returns 0, or -1 after
 * reporting. The same inputs give the same bytes. */
int finish_object(struct diag *diag, const struct finish_inputs *inputs, struct buffer *object,
                  struct buffer *debug);

#endif
