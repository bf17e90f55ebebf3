/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses to source positions, inlined calls included, by an object's DWARF. */
#ifndef REXC_LINKER_DWARF_H
#define REXC_LINKER_DWARF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct debug_info;
struct diag;
struct object;

/* One call on the way to an address. Strings live as long as the debug_info. */
struct source_frame {
    const char
        *function;    /* linkage name (see base/demangle.h), or the plain name; NULL when unknown */
    const char *file; /* as the compiler wrote it; NULL when unknown */
    unsigned line;    /* from 1; 0 when unknown */
    unsigned column;  /* from 1; 0 when unknown */
    bool inlined;     /* it has no frame of its own on the stack */
};

/* Reads the functions of an object's DWARF; the object has to live as long. An object without DWARF
 * gives *info NULL and 0; all functions below take NULL and find nothing. Reports and returns -1
 * when memory runs out; where libdw itself finds none, it ends the
 * process. */
int debug_info_open(struct diag *diag, const char *name, const struct object *object,
                    struct debug_info **info);
void debug_info_close(struct debug_info *info);

/* The calls that an instruction at that image address belongs to: innermost inlined function first,
 * the function of the frame last. Where the compiler gave an instruction no line, the position is
 * that of the function's declaration. For a return address give the address before it, which is
 * inside the call. Returns how many frames there are, and stores at most capacity of them. */
size_t debug_info_frames(const struct debug_info *info, uint64_t address,
                         struct source_frame *frames, size_t capacity);

/* Where the functions are declared that make up the code of the function at the address: itself,
 * then what is inlined into it, the outer before the inner. Returns how many it stored. */
size_t debug_info_declarations(const struct debug_info *info, uint64_t address,
                               struct source_frame *frames, size_t capacity);

/* A variable or parameter that has, somewhere in its life, a place in the frame. */
struct source_variable {
    const char *name;
    const char *file;
    unsigned line;
    uint64_t size; /* bytes */
};

/* The largest ones of the function that contains the address, largest first; of variables that
 * share their name, size and line one. Returns how many it stored. */
size_t debug_info_variables(const struct debug_info *info, uint64_t address,
                            struct source_variable *variables, size_t capacity);

#endif
