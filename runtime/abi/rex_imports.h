/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Program types, and imports.def as C data. */
#ifndef REX_IMPORTS_H
#define REX_IMPORTS_H

/* Bits of a set of program types. The order is also the numbering of enum rex_program_type. */
#define REX_TYPE_KPROBE 0x01u
#define REX_TYPE_TRACEPOINT 0x02u
#define REX_TYPE_PERF_EVENT 0x04u
#define REX_TYPE_XDP 0x08u
#define REX_TYPE_TC 0x10u
#define REX_TYPE_TRACING (REX_TYPE_KPROBE | REX_TYPE_TRACEPOINT | REX_TYPE_PERF_EVENT)
#define REX_TYPE_ALL 0x1fu

enum rex_program_type {
    REX_PROGRAM_KPROBE,
    REX_PROGRAM_TRACEPOINT,
    REX_PROGRAM_PERF_EVENT,
    REX_PROGRAM_XDP,
    REX_PROGRAM_TC,
    REX_PROGRAM_TYPES,
};

enum rex_import_kind { REX_IMPORT_IS_FUNCTION, REX_IMPORT_IS_PERCPU, REX_IMPORT_IS_FIELD };
enum rex_field_kind { REX_FIELD_SIGNED, REX_FIELD_UNSIGNED, REX_FIELD_POINTER, REX_FIELD_BYTES };

/* One line of imports.def. */
struct rex_import {
    const char *name; /* the symbol: for a field rex_off.<structure>.<field> */
    enum rex_import_kind kind;
    unsigned int types;    /* REX_TYPE_* */
    unsigned int noreturn; /* functions: 1 when it never returns */
    unsigned int stack;    /* functions: bytes */
    unsigned int gpl_only; /* functions: 1 when the program's license must be GPL-compatible */
    const char *structure; /* fields */
    const char *field;     /* fields */
    unsigned int size;     /* fields: bytes */
    enum rex_field_kind field_kind;
};

/* Section name of a program: "kprobe", "kprobe/SYMBOL", "tracepoint/CATEGORY/EVENT", "perf_event",
 * "xdp", "tc": what libbpf's section table calls them. */

#endif
