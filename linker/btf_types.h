/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rust's types as DWARF describes them, turned into BTF types. What BTF cannot say becomes bytes:
 *   integers, bool, floats     BTF_KIND_INT, BTF_KIND_FLOAT under their Rust names; char is a
 * 4-byte INT arrays                     BTF_KIND_ARRAY structs, tuples, newtypes  BTF_KIND_STRUCT,
 * members by offset; members of size 0 are left out unions                     BTF_KIND_UNION enums
 * without data         BTF_KIND_ENUM or BTF_KIND_ENUM64 enums with data            BTF_KIND_UNION
 * of a struct holding the discriminant, and each variant anything else              u8[size] Names
 * are made C identifiers, as the kernel demands (btf_name_valid_identifier in kernel/bpf/btf.c).
 */
#ifndef REXC_LINKER_BTF_TYPES_H
#define REXC_LINKER_BTF_TYPES_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

struct btf;
struct btf_types;

/* Adds to btf, which has to outlive it. NULL when memory runs out. */
struct btf_types *btf_types_new(struct btf *btf);
void btf_types_free(struct btf_types *types);

/* The BTF type of a DWARF type: an id above 0, 0 for a type of size 0, which has none, or a
 * negative errno value. */
int btf_types_add(struct btf_types *types, Dwarf_Die *type);
/* The type u8[count]; count may be 0. */
int btf_types_add_bytes(struct btf_types *types, uint32_t count);
/* The type u32: of an index. */
int btf_types_index(struct btf_types *types);

/* The size in bytes of a DWARF type, or -1 when it has none. */
int64_t dwarf_type_size(Dwarf_Die *type);

/* A name as an identifier of at most 127 bytes: what is neither letter, digit nor underscore
 * becomes one underscore, and none at the end. */
#define BTF_NAME_SIZE 128
void btf_identifier(char name[BTF_NAME_SIZE], const char *text);

#endif
