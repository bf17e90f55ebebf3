/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The link step: compiled crates to a linked image that follows the object contract in layout,
 * imports and relocations. What the image lacks of a finished object (note, BTF) is finish.h's.
 */
#ifndef REXC_LINKER_LINK_H
#define REXC_LINKER_LINK_H

#include "base/buffer.h"
#include "linker/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* How much stack the check of a function demands (llvm-pass/README.md, "need"). */
struct link_need {
    const char *function; /* symbol name, without __rex_need. */
    uint32_t bytes;       /* at most LINK_NEED_MAX */
};
#define LINK_NEED_MAX 0x7fffffffu

struct link_inputs {
    const char *lld;       /* path of ld.lld */
    const char *directory; /* an existing directory for temporary files; they are removed again */
    /* The program's own object files: the sections of their programs get a place in the layout.
     * NULL-terminated paths. */
    const char *const *objects;
    /* Archives (.rlib) in link order: dependencies, the rex crate, core, compiler_builtins.
     * NULL-terminated. */
    const char *const *libraries;
    /* A need for every function with a check that the link can reach. One that is not linked is
     * ignored; a function may be listed once only. */
    const struct link_need *needs;
    size_t need_count;
    bool verbose; /* the command is printed, as struct process has it */
};

/* Prints the command that link_program would run, with a name for its temporary directory. */
void link_print(const struct link_inputs *inputs);

/* Links and checks the result with link_check(). *image gets the linked ELF file. Returns 0, or -1
 * after reporting. The same inputs give the same bytes, in whatever directory. */
int link_program(struct diag *diag, const struct link_inputs *inputs, struct buffer *image);

/*
 * What no linker promises: every undefined symbol is an import and has exactly one GLOB_DAT in the
 * GOT, every GOT slot is filled by one relocation, no other kinds of relocation, each in memory
 * that is read-only while the program runs, no import is defined by the program, and the size is in
 * bounds. Reports every violation; lld_text may be lld's messages about undefined symbols, from
 * which the references are quoted, or NULL. Returns 0 or -1.
 */
int link_check(struct diag *diag, const struct object *image, const char *lld_text);
/* Whether the image has an undefined symbol that is no import. */
bool link_has_undefined(const struct object *image);

/* The linker script for programs in the given sections (sorted, each once) and these needs. Returns
 * 0, or -1 when memory ran out. */
int link_script(struct buffer *script, const char *const *program_sections, size_t section_count,
                const struct link_need *needs, size_t need_count);

#endif
