/* SPDX-License-Identifier: Apache-2.0 */
/* Where the members of a C structure go in its Rust view (see bindgen.h). */
#ifndef REXC_DRIVER_BINDGEN_LAYOUT_H
#define REXC_DRIVER_BINDGEN_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct btf;

enum bindgen_slot_kind {
    BINDGEN_FIELD,   /* a member, of its own type */
    BINDGEN_PADDING, /* bytes that belong to no member */
    BINDGEN_BITS,    /* bytes of bit-fields */
    BINDGEN_UNION,   /* bytes of a union */
};

/* A field of the Rust struct. */
struct bindgen_slot {
    enum bindgen_slot_kind kind;
    const char *name; /* fields */
    uint32_t type;    /* fields: BTF type */
    uint32_t offset;  /* bytes */
    uint32_t size;    /* bytes */
    uint32_t
        align; /* bytes; of unions: more than the bytes' own 1 is asked for by an empty array */
};

/* A member that has no field of its own: reached by methods. */
struct bindgen_access {
    const char *name;
    uint32_t type;       /* BTF type */
    uint32_t bit_offset; /* from the structure's start */
    uint32_t bit_size;   /* bit-fields; 0: the type's */
    size_t slot;         /* whose bytes it is in */
};

struct bindgen_layout {
    uint32_t size;
    uint32_t align;
    uint32_t packed; /* 0: not; else the N of packed(N) */
    struct bindgen_slot *slots;
    size_t slot_count;
    struct bindgen_access *accesses;
    size_t access_count;
};

/* Returns 0, or -1 when BTF contradicts itself (overlapping members, a member past the end, nesting
 * over 64 levels). */
int bindgen_layout_make(const struct btf *btf, uint32_t type, struct bindgen_layout *layout);
void bindgen_layout_free(struct bindgen_layout *layout);

/* The type behind typedefs, const, volatile, restrict and tags. 0 for void. */
uint32_t bindgen_strip(const struct btf *btf, uint32_t type);

#endif
