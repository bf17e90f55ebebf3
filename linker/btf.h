/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Section .BTF: the types of the maps' keys and values, in the form of libbpf's BTF-defined maps: a
 * DATASEC
 * ".maps" with one VAR a map, by address, whose type is a struct with the members
 *     type, max_entries, map_flags   u8 (*)[N]: N is the number
 *     key, value                     pointers to the key's and the value's type; absent for size 0
 * A loader that creates a map through bpf(2) passes the ids of those two types (map_types_ids).
 */
#ifndef REXC_LINKER_BTF_H
#define REXC_LINKER_BTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct diag;
struct json_t;
struct object;

/* Appends the content of .BTF for a linked object with DWARF to out; nothing for an object without
 * maps. Types that the DWARF does not tell, or all of them when there is none, are bytes of the
 * right size. Reports and returns -1 on failure; libdw itself ends the
 * process when it finds no memory. name is for messages. */
int btf_write(struct diag *diag, const char *name, const struct object *object, struct buffer *out);

/* The types of an object's maps, for printing keys and values. */
struct map_types;

/* Reads .BTF. An object without it has no types: *types is NULL then, with 0 returned. Reports and
 * returns -1 when it is malformed. Has its own copy of everything. */
int map_types_read(struct diag *diag, const char *name, const struct object *object,
                   struct map_types **types);
void map_types_free(struct map_types *types);

enum map_part { MAP_KEY, MAP_VALUE };

/* BTF type ids of a map's key and value; 0 for one that has none. */
void map_types_ids(const struct map_types *types, const char *map, uint32_t *key, uint32_t *value);
/* The type as Rust writes it ("Flow", "[u8; 6]", "u64"), appended to out. Returns false when there
 * is none, or no memory for it (then out->failed). */
bool map_types_name(const struct map_types *types, const char *map, enum map_part part,
                    struct buffer *out);
/* A key or value of size bytes, appended as text: "Flow { port: 80, proto: Tcp, mac: [2, 0, 0, 0,
 * 0, 1] }". Returns false, with nothing appended, when the types do not describe so many bytes;
 * false too when memory runs out (then out->failed). types may be NULL. */
bool map_types_format(const struct map_types *types, const char *map, enum map_part part,
                      const void *bytes, size_t size, struct buffer *out);
/* The same as JSON: structs and unions are objects, arrays are arrays, an enum is its name or its
 * number, an integer that does not fit 64 signed bits is a decimal string, one of 128 bits a
 * hexadecimal string. NULL as above. */
struct json_t *map_types_json(const struct map_types *types, const char *map, enum map_part part,
                              const void *bytes, size_t size);

#endif
