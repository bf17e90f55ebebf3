/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section .note.rex (runtime/abi/rex_note.h) as C structures. There is one encoding of a note: the
 * writer makes it, and the reader takes nothing else.
 */
#ifndef REXC_LINKER_NOTE_H
#define REXC_LINKER_NOTE_H

#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_imports.h"
#include "runtime/abi/rex_note.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Largest descriptor, bytes. */
#define NOTE_SIZE_MAX (4u << 20)

struct buffer;
struct diag;
struct object;

/* Strings are UTF-8 without control characters. Addresses are image addresses; sizes are in bytes.
 */
struct note_program {
    const char *name;    /* the symbol; unique */
    const char *section; /* where it attaches */
    enum rex_program_type type;
    bool checked; /* run-time checks cut a cycle: stack_bound is the limit */
    uint64_t entry;
    uint32_t stack_bound;
};

struct note_map {
    const char *name; /* the symbol; unique */
    uint64_t address; /* of its struct rex_map_definition */
};

struct note_import {
    const char *name;          /* unique */
    enum rex_import_kind kind; /* function or per-CPU */
    uint64_t slot;             /* of its GOT slot */
};

struct note_field {
    const char *structure, *field; /* the pair is unique */
    uint32_t size;
    enum rex_field_kind kind;
    uint64_t slot;
};

struct note_check {
    uint64_t function; /* unique */
    uint32_t need;
};

struct note_pair {
    const char *key; /* unique */
    const char *value;
};

struct note {
    const char *license;
    uint64_t panic_body, handle_timeout;
    uint32_t panic_bound;
    bool panic_checked;
    struct note_program *programs; /* by entry */
    size_t program_count;
    struct note_map *maps; /* by address */
    size_t map_count;
    struct note_import *imports; /* by name */
    size_t import_count;
    struct note_field *fields; /* by structure, then field */
    size_t field_count;
    struct note_check *checks; /* by function */
    size_t check_count;
    uint32_t *returns; /* image addresses, ascending; unique */
    size_t return_count;
    struct note_pair *provenance; /* by key */
    size_t provenance_count;
};

/* Sorts the note's arrays as written above and appends the section's bytes (an ELF note, 8-byte
 * aligned size) to out, whose length must be a multiple of 8. Reports and returns -1 when a string,
 * an enumeration or a unique member is not as demanded, or memory runs out. name is for messages.
 */
int note_write(struct diag *diag, const char *name, struct note *note, struct buffer *out);

/* Reads a section's bytes. On failure reports one diagnostic and returns -1 with *note NULL. The
 * note holds no pointer into bytes; free it with note_free, which is for notes that were read only.
 */
int note_read(struct diag *diag, const char *name, const void *bytes, size_t size,
              struct note **note);
/* The note of an object; an object without one, or with two sections of that name, is an error. */
int note_read_object(struct diag *diag, const char *name, const struct object *object,
                     struct note **note);
void note_free(struct note *note);

/* The value of a provenance key; NULL when there is none. */
const char *note_provenance(const struct note *note, const char *key);

#endif
