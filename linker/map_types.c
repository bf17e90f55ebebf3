/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/btf.h"
#include "linker/btf_types.h"
#include "linker/object.h"

#include <bpf/btf.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* Nesting of types, and elements that one value prints, at most: BTF can say more than anyone wants
 * to read. */
#define DEPTH_MAX 32
#define ELEMENTS_MAX 65536u

struct map_types {
    struct btf *btf;
};

/* -- Reading ---------------------------------------------------------------------------------- */

/* The layout that libbpf writes: header, types, strings, and nothing else. libbpf itself takes
 * more, and checks less, than is wise for bytes of unknown origin. */
static bool has_plain_layout(const uint8_t *bytes, size_t size)
{
    struct btf_header header;
    if (size < sizeof(header))
        return false;
    memcpy(&header, bytes, sizeof(header));
    return header.magic == BTF_MAGIC && header.version == BTF_VERSION && header.flags == 0 &&
           header.hdr_len == sizeof(header) && header.type_off == 0 && header.type_len % 4 == 0 &&
           header.str_off == header.type_len &&
           sizeof(header) + (uint64_t)header.type_len + header.str_len == size;
}

int map_types_read(struct diag *diag, const char *name, const struct object *object,
                   struct map_types **types)
{
    const struct object_section *section = object_section(object, ".BTF");
    struct diag_message message = {.code = DIAG_BTF_MALFORMED, .at = {.file = name}};

    *types = NULL;
    if (!section)
        return 0;
    const uint8_t *bytes = object_section_bytes(object, section);
    if (!bytes || section->size > UINT32_MAX || !has_plain_layout(bytes, section->size)) {
        diag_report(diag, &message, "section .BTF has not the layout of BTF");
        return -1;
    }
    struct map_types *read = calloc(1, sizeof(*read));
    if (!read) {
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the BTF of %s", name);
        return -1;
    }
    read->btf = btf__new(bytes, (uint32_t)section->size);
    if (!read->btf) {
        if (errno == ENOMEM)
            diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the BTF of %s", name);
        else
            diag_report(diag, &message, "libbpf refuses section .BTF: %s", strerror(errno));
        free(read);
        return -1;
    }
    *types = read;
    return 0;
}

void map_types_free(struct map_types *types)
{
    if (!types)
        return;
    btf__free(types->btf);
    free(types);
}

static const struct btf_type *type_of(const struct map_types *types, uint32_t id)
{
    return id ? btf__type_by_id(types->btf, id) : NULL;
}

static const char *name_of(const struct map_types *types, uint32_t offset)
{
    const char *name = btf__name_by_offset(types->btf, offset);
    return name ? name : "";
}

/* Follows typedefs, const and the like, which libbpf bounds in number. */
static const struct btf_type *peel(const struct map_types *types, uint32_t id)
{
    for (unsigned i = 0; i < DEPTH_MAX; i++) {
        const struct btf_type *type = type_of(types, id);
        if (!type || !(btf_is_mod(type) || btf_is_typedef(type)))
            return type;
        id = type->type;
    }
    return NULL;
}

/* The struct of a map, by its variable. */
static const struct btf_type *find_map(const struct map_types *types, const char *map)
{
    char name[BTF_NAME_SIZE];
    btf_identifier(name, map);
    int section = btf__find_by_name_kind(types->btf, ".maps", BTF_KIND_DATASEC);
    const struct btf_type *maps = section > 0 ? type_of(types, (uint32_t)section) : NULL;
    if (!maps)
        return NULL;
    const struct btf_var_secinfo *place = btf_var_secinfos(maps);
    for (unsigned i = 0; i < btf_vlen(maps); i++) {
        const struct btf_type *variable = type_of(types, place[i].type);
        if (!variable || !btf_is_var(variable) ||
            strcmp(name_of(types, variable->name_off), name) != 0)
            continue;
        const struct btf_type *structure = type_of(types, variable->type);
        return structure && btf_is_struct(structure) ? structure : NULL;
    }
    return NULL;
}

static uint32_t find_part(const struct map_types *types, const char *map, enum map_part part)
{
    const struct btf_type *structure = types ? find_map(types, map) : NULL;
    const char *name = part == MAP_KEY ? "key" : "value";
    if (!structure)
        return 0;
    const struct btf_member *member = btf_members(structure);
    for (unsigned i = 0; i < btf_vlen(structure); i++) {
        if (strcmp(name_of(types, member[i].name_off), name) != 0)
            continue;
        const struct btf_type *pointer = type_of(types, member[i].type);
        return pointer && btf_is_ptr(pointer) ? pointer->type : 0;
    }
    return 0;
}

void map_types_ids(const struct map_types *types, const char *map, uint32_t *key, uint32_t *value)
{
    *key = find_part(types, map, MAP_KEY);
    *value = find_part(types, map, MAP_VALUE);
}

static bool append_type_name(const struct map_types *types, uint32_t id, unsigned depth,
                             struct buffer *out)
{
    const struct btf_type *type = peel(types, id);
    if (!type || depth == 0)
        return false;
    if (btf_is_array(type)) {
        buffer_char(out, '[');
        return append_type_name(types, btf_array(type)->type, depth - 1, out) &&
               buffer_format(out, "; %u]", btf_array(type)->nelems) == 0;
    }
    return buffer_string(out, name_of(types, type->name_off)) == 0;
}

bool map_types_name(const struct map_types *types, const char *map, enum map_part part,
                    struct buffer *out)
{
    uint32_t id = find_part(types, map, part);
    return id && append_type_name(types, id, DEPTH_MAX, out);
}

/* -- Values ----------------------------------------------------------------------------------- */

/* Bytes that a type describes. Every step inwards is checked against them. */
struct value {
    const uint8_t *bytes;
    size_t size;
};

static bool part_of(const struct value *whole, uint64_t offset, uint64_t size, struct value *part)
{
    if (size > whole->size || offset > whole->size - size)
        return false;
    *part = (struct value){whole->bytes + offset, (size_t)size};
    return true;
}

static int64_t size_of(const struct map_types *types, uint32_t id)
{
    return btf__resolve_size(types->btf, id);
}

/* What prints a tree of values: as text or as JSON. Each function returns NULL on failure. */
struct printer {
    const struct map_types *types;
    unsigned elements; /* printed so far */
};

static uint64_t load_bits(const struct value *value)
{
    uint64_t bits = 0;
    memcpy(&bits, value->bytes, value->size < sizeof(bits) ? value->size : sizeof(bits));
    return bits;
}

static int64_t sign_extend(uint64_t bits, size_t size)
{
    unsigned unused = (unsigned)(64 - 8 * size);
    return (int64_t)(bits << unused) >> unused;
}

static json_t *wide_integer(const struct value *value)
{
    char text[2 + 2 * 16 + 1] = "0x";
    for (size_t i = 0; i < value->size; i++)
        snprintf(text + 2 + 2 * i, 3, "%02x", value->bytes[value->size - 1 - i]);
    return json_string(text);
}

static json_t *integer(const struct btf_type *type, const struct value *value)
{
    if (value->size == 0 || value->size > 8)
        return value->size == 16 ? wide_integer(value) : NULL;
    uint64_t bits = load_bits(value);
    if (btf_int_encoding(type) & BTF_INT_BOOL)
        return bits <= 1 ? json_boolean(bits) : json_integer((json_int_t)bits);
    if (btf_int_encoding(type) & BTF_INT_SIGNED)
        return json_integer(sign_extend(bits, value->size));
    if (bits <= INT64_MAX)
        return json_integer((json_int_t)bits);
    char text[32];
    snprintf(text, sizeof(text), "%" PRIu64, bits);
    return json_string(text);
}

static json_t *enumeration(const struct map_types *types, const struct btf_type *type,
                           const struct value *value)
{
    uint64_t bits = load_bits(value);
    uint64_t mask = value->size < 8 ? ((uint64_t)1 << (8 * value->size)) - 1 : UINT64_MAX;
    for (unsigned i = 0; i < btf_vlen(type); i++) {
        uint64_t candidate;
        uint32_t name;
        if (btf_is_enum64(type)) {
            candidate = btf_enum64_value(&btf_enum64(type)[i]);
            name = btf_enum64(type)[i].name_off;
        } else {
            candidate = (uint64_t)(int64_t)btf_enum(type)[i].val;
            name = btf_enum(type)[i].name_off;
        }
        if ((candidate & mask) == bits)
            return json_string(name_of(types, name));
    }
    return json_integer((json_int_t)bits);
}

static json_t *floating(const struct value *value)
{
    float single;
    double number;
    if (value->size == sizeof(single)) {
        memcpy(&single, value->bytes, sizeof(single));
        number = (double)single;
    } else if (value->size == sizeof(number)) {
        memcpy(&number, value->bytes, sizeof(number));
    } else {
        return NULL;
    }
    return json_real(number); /* NULL for what JSON cannot say: infinities and NaN */
}

static json_t *print(struct printer *printer, uint32_t id, const struct value *value,
                     unsigned depth);

static json_t *array(struct printer *printer, const struct btf_type *type,
                     const struct value *value, unsigned depth)
{
    const struct btf_array *description = btf_array(type);
    int64_t size = size_of(printer->types, description->type);
    if (size <= 0 || description->nelems > value->size / (uint64_t)size)
        return NULL;
    json_t *result = json_array();
    for (uint32_t i = 0; i < description->nelems; i++) {
        struct value element;
        json_t *item = NULL;
        if (part_of(value, (uint64_t)size * i, (uint64_t)size, &element))
            item = print(printer, description->type, &element, depth - 1);
        if (!item || json_array_append_new(result, item)) {
            json_decref(result);
            return NULL;
        }
    }
    return result;
}

static json_t *aggregate(struct printer *printer, const struct btf_type *type,
                         const struct value *value, unsigned depth)
{
    const struct btf_member *members = btf_members(type);
    json_t *result = json_object();
    for (unsigned i = 0; i < btf_vlen(type); i++) {
        uint32_t bits = btf_member_bit_offset(type, i);
        int64_t size = size_of(printer->types, members[i].type);
        struct value part;
        json_t *item = NULL;
        if (size >= 0 && bits % 8 == 0 && btf_member_bitfield_size(type, i) == 0 &&
            part_of(value, bits / 8, (uint64_t)size, &part))
            item = print(printer, members[i].type, &part, depth - 1);
        if (!item ||
            json_object_set_new(result, name_of(printer->types, members[i].name_off), item)) {
            json_decref(result);
            return NULL;
        }
    }
    return result;
}

static json_t *print(struct printer *printer, uint32_t id, const struct value *value,
                     unsigned depth)
{
    const struct btf_type *type = peel(printer->types, id);
    if (!type || depth == 0 || ++printer->elements > ELEMENTS_MAX)
        return NULL;
    switch (btf_kind(type)) {
    case BTF_KIND_INT:
        return type->size == value->size ? integer(type, value) : NULL;
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        return type->size == value->size && value->size <= 8
                   ? enumeration(printer->types, type, value)
                   : NULL;
    case BTF_KIND_FLOAT:
        return floating(value);
    case BTF_KIND_ARRAY:
        return array(printer, type, value, depth);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        return aggregate(printer, type, value, depth);
    default:
        return NULL;
    }
}

json_t *map_types_json(const struct map_types *types, const char *map, enum map_part part,
                       const void *bytes, size_t size)
{
    uint32_t id = find_part(types, map, part);
    if (!id || size_of(types, id) != (int64_t)size)
        return NULL;
    struct printer printer = {.types = types};
    struct value value = {bytes, size};
    return print(&printer, id, &value, DEPTH_MAX);
}

/* -- Text ------------------------------------------------------------------------------------- */

/* Writes a value as Rust's {:?} does; type names come from BTF, which runs beside the value. */
static void append_text(const struct map_types *types, uint32_t id, const json_t *value,
                        struct buffer *out)
{
    const struct btf_type *type = peel(types, id);
    const char *separator = "";

    if (json_is_object(value) && btf_is_composite(type)) {
        const struct btf_member *members = btf_members(type);
        buffer_string(out, name_of(types, type->name_off));
        if (btf_vlen(type) == 0)
            return;
        buffer_string(out, " { ");
        for (unsigned i = 0; i < btf_vlen(type); i++) {
            const char *name = name_of(types, members[i].name_off);
            buffer_format(out, "%s%s: ", separator, name);
            append_text(types, members[i].type, json_object_get(value, name), out);
            separator = ", ";
        }
        buffer_string(out, " }");
    } else if (json_is_array(value) && btf_is_array(type)) {
        buffer_char(out, '[');
        for (size_t i = 0; i < json_array_size(value); i++) {
            buffer_string(out, separator);
            append_text(types, btf_array(type)->type, json_array_get(value, i), out);
            separator = ", ";
        }
        buffer_char(out, ']');
    } else if (json_is_string(value)) {
        buffer_string(out, json_string_value(value));
    } else if (json_is_boolean(value)) {
        buffer_string(out, json_boolean_value(value) ? "true" : "false");
    } else if (json_is_integer(value)) {
        buffer_format(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    } else {
        buffer_format(out, "%g", json_real_value(value));
    }
}

bool map_types_format(const struct map_types *types, const char *map, enum map_part part,
                      const void *bytes, size_t size, struct buffer *out)
{
    json_t *value = map_types_json(types, map, part, bytes, size);
    if (!value)
        return false;
    append_text(types, find_part(types, map, part), value, out);
    json_decref(value);
    return !out->failed;
}
