/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Section .note.rex: what an object is, what it needs, who built it with what. One ELF note
 * (Elf64_Nhdr; name "Rex", namesz 4; type REX_NOTE_TYPE), whose descriptor is a struct
 * rex_note_header followed by tables and a string table. Little-endian; all offsets in bytes from
 * the header's start, tables 8-byte aligned, in the order of their offsets in the header, no gaps
 * but alignment padding of zeroes, no overlap; strings NUL-terminated in the string table, which
 * ends the descriptor. A string is named by its offset in the string table; offset 0 is the empty
 * string.
 */
#ifndef REX_NOTE_H
#define REX_NOTE_H

#define REX_NOTE_SECTION ".note.rex"
#define REX_NOTE_NAME "Rex"
#define REX_NOTE_TYPE 1
#define REX_NOTE_VERSION 1

struct rex_note_table {
    unsigned int offset; /* from the header's start */
    unsigned int count;  /* entries; bytes for the string table */
};

struct rex_note_header {
    unsigned int version;              /* REX_NOTE_VERSION */
    unsigned int size;                 /* of the whole descriptor, bytes */
    unsigned int abi;                  /* REX_ABI_VERSION */
    unsigned int license;              /* string: what the loader passes as the license */
    unsigned long long panic_body;     /* image address of __rex_panic_body */
    unsigned long long handle_timeout; /* image address of __rex_handle_timeout */
    unsigned int panic_bound;          /* bytes of stack the panic body needs */
    unsigned int panic_flags;          /* REX_NOTE_CHECKED */
    struct rex_note_table programs;    /* struct rex_note_program, by entry address */
    struct rex_note_table maps;        /* struct rex_note_map, by address */
    struct rex_note_table imports; /* struct rex_note_import, by name: functions and per-CPU data */
    struct rex_note_table fields;  /* struct rex_note_field, by name */
    struct rex_note_table checks;  /* struct rex_note_check, by function address */
    /* unsigned int, ascending: the image addresses of the returns, each a `jmp rel32` to
     * __x86_return_thunk */
    struct rex_note_table returns;
    struct rex_note_table provenance; /* struct rex_note_pair, by key */
    struct rex_note_table strings;
};

#define REX_NOTE_CHECKED 1u /* a cycle is cut by run-time checks; the bound is up to the limit */

struct rex_note_program {
    unsigned int name;        /* string: the symbol */
    unsigned int section;     /* string: where it attaches */
    unsigned int type;        /* enum rex_program_type */
    unsigned int flags;       /* REX_NOTE_CHECKED */
    unsigned long long entry; /* image address */
    unsigned int stack_bound; /* bytes; with REX_NOTE_CHECKED, the program's limit */
    unsigned int reserved;    /* 0 */
};

struct rex_note_map {
    unsigned int name;          /* string: the symbol */
    unsigned int reserved;      /* 0 */
    unsigned long long address; /* image address of its struct rex_map_definition */
};

struct rex_note_import {
    unsigned int name;       /* string */
    unsigned int kind;       /* enum rex_import_kind: function or per-CPU */
    unsigned long long slot; /* image address of its GOT slot */
};

struct rex_note_field {
    unsigned int structure;  /* string */
    unsigned int field;      /* string */
    unsigned int size;       /* bytes */
    unsigned int kind;       /* enum rex_field_kind */
    unsigned long long slot; /* image address of its GOT slot */
};

struct rex_note_check {
    unsigned long long function; /* image address of the function with the check */
    unsigned int need;           /* bytes the check demands below rsp at the function's entry */
    unsigned int reserved;       /* 0 */
};

/* Provenance, as pairs of strings: "rexc", "rustc", "llvm", "pass.sha256", "flags",
 * "policy.sha256", "crate.sha256", "source.<path>" = sha256 ... (docs/object-format.md lists the
 * keys). */
struct rex_note_pair {
    unsigned int key;
    unsigned int value;
};

#endif
