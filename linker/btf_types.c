/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/btf_types.h"

#include <bpf/btf.h>
#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper nesting than the kernel's MAX_RESOLVE_DEPTH is written as bytes. */
#define DEPTH_MAX 30

/* A DWARF type that was seen; its BTF type is IN_WORK while its members are turned. Only damaged
 * DWARF has a type that holds itself. */
struct known_type {
    Dwarf_Off offset;
    int id;
};
#define IN_WORK (-1)

struct btf_types {
    struct btf *btf;
    struct known_type *known;
    size_t known_count, known_capacity;
    int byte_type;  /* u8; 0 until it is needed */
    int index_type; /* u32, the index of arrays; 0 until it is needed */
    unsigned depth;
};

struct member {
    char name[BTF_NAME_SIZE];
    uint64_t offset; /* bytes */
    int type;        /* BTF */
};

/* Members of one struct or union as they are collected. */
struct members {
    struct member *items;
    size_t count, capacity;
};

struct btf_types *btf_types_new(struct btf *btf)
{
    struct btf_types *types = calloc(1, sizeof(*types));
    if (types)
        types->btf = btf;
    return types;
}

void btf_types_free(struct btf_types *types)
{
    if (!types)
        return;
    free(types->known);
    free(types);
}

void btf_identifier(char name[BTF_NAME_SIZE], const char *text)
{
    size_t length = 0;
    for (; *text && length < BTF_NAME_SIZE - 1; text++) {
        bool is_digit = *text >= '0' && *text <= '9';
        bool is_letter = (*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z');
        if (is_digit && length == 0)
            name[length++] = '_';
        if (is_digit || is_letter || *text == '_')
            name[length++] = *text;
        else if (length > 0 && name[length - 1] != '_')
            name[length++] = '_';
        if (length >= BTF_NAME_SIZE)
            length = BTF_NAME_SIZE - 1;
    }
    /* A tuple "(u8, u64)" ends with one underscore too many; a name of underscores alone stays. */
    size_t end = length;
    while (end > 0 && name[end - 1] == '_')
        end--;
    if (end > 0)
        length = end;
    if (length == 0)
        name[length++] = '_';
    name[length] = '\0';
}

/* -- DWARF ------------------------------------------------------------------------------------ */

static bool get_number(Dwarf_Die *die, unsigned name, uint64_t *value)
{
    Dwarf_Attribute attribute;
    Dwarf_Word word;
    if (!dwarf_attr_integrate(die, name, &attribute) || dwarf_formudata(&attribute, &word))
        return false;
    *value = word;
    return true;
}

static bool get_type(Dwarf_Die *die, Dwarf_Die *type)
{
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(die, DW_AT_type, &attribute) &&
           dwarf_formref_die(&attribute, type) != NULL;
}

int64_t dwarf_type_size(Dwarf_Die *type)
{
    Dwarf_Word size;
    if (dwarf_aggregate_size(type, &size) || size > INT32_MAX)
        return -1;
    return (int64_t)size;
}

/* -- Kinds of types --------------------------------------------------------------------------- */

static int add_int(struct btf_types *types, const char *name, size_t size, int encoding)
{
    char identifier[BTF_NAME_SIZE];
    btf_identifier(identifier, name);
    return btf__add_int(types->btf, identifier, size, encoding);
}

int btf_types_index(struct btf_types *types)
{
    if (types->index_type == 0)
        types->index_type = add_int(types, "u32", 4, 0);
    return types->index_type;
}

static int add_array(struct btf_types *types, int element, uint32_t count)
{
    int index = btf_types_index(types);
    return index < 0 ? index : btf__add_array(types->btf, index, element, count);
}

int btf_types_add_bytes(struct btf_types *types, uint32_t count)
{
    if (types->byte_type == 0)
        types->byte_type = add_int(types, "u8", 1, 0);
    return types->byte_type < 0 ? types->byte_type : add_array(types, types->byte_type, count);
}

static int turn_base(struct btf_types *types, Dwarf_Die *type, uint32_t size)
{
    uint64_t encoding;
    const char *name = dwarf_diename(type);
    if (!name || !get_number(type, DW_AT_encoding, &encoding) || (size & (size - 1)) != 0 ||
        size > 16)
        return btf_types_add_bytes(types, size);
    char identifier[BTF_NAME_SIZE];
    btf_identifier(identifier, name);
    switch (encoding) {
    case DW_ATE_signed:
    case DW_ATE_signed_char:
        return btf__add_int(types->btf, identifier, size, BTF_INT_SIGNED);
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
        return btf__add_int(types->btf, identifier, size, 0);
    case DW_ATE_UTF:
        /* Rust's char is no C char: another name, so that a printer does not take it for one. */
        return btf__add_int(types->btf, "char32_t", size, 0);
    case DW_ATE_boolean:
        return btf__add_int(types->btf, identifier, size, BTF_INT_BOOL);
    case DW_ATE_float:
        if (size == 2 || size == 4 || size == 8 || size == 16)
            return btf__add_float(types->btf, identifier, size);
        break;
    default:
        break;
    }
    return btf_types_add_bytes(types, size);
}

/* Rust writes [[T; 2]; 3] as an array of arrays, so each has one dimension. */
static int turn_array(struct btf_types *types, Dwarf_Die *type, uint32_t size)
{
    Dwarf_Die element, dimension;
    uint64_t count;
    if (!get_type(type, &element) || dwarf_child(type, &dimension) != 0 ||
        dwarf_tag(&dimension) != DW_TAG_subrange_type ||
        !get_number(&dimension, DW_AT_count, &count))
        return btf_types_add_bytes(types, size);
    int64_t element_size = dwarf_type_size(&element);
    /* libdw computes an array's size from all dimensions: equality means that there is one. */
    if (element_size <= 0 || count > UINT32_MAX || count * (uint64_t)element_size != size)
        return btf_types_add_bytes(types, size);
    int id = btf_types_add(types, &element);
    return id < 0 ? id : add_array(types, id, (uint32_t)count);
}

static struct member *new_member(struct members *members)
{
    if (members->count == members->capacity) {
        size_t capacity = members->capacity ? 2 * members->capacity : 8;
        struct member *items = reallocarray(members->items, capacity, sizeof(*items));
        if (!items)
            return NULL;
        members->items = items;
        members->capacity = capacity;
    }
    return &members->items[members->count++];
}

/* Adds a member to the collection; one of size 0 is left out. Returns -EINVAL when it does not lie
 * in a whole of that size. */
static int collect_member(struct btf_types *types, struct members *members, Dwarf_Die *die,
                          const char *name, uint32_t whole)
{
    Dwarf_Die type;
    uint64_t offset = 0;
    if (!get_type(die, &type))
        return -EINVAL;
    int64_t size = dwarf_type_size(&type);
    get_number(die, DW_AT_data_member_location, &offset);
    if (size < 0 || offset > whole || (uint64_t)size > whole - offset)
        return -EINVAL;
    if (size == 0)
        return 0;
    int id = btf_types_add(types, &type);
    if (id < 0)
        return id;
    struct member *member = new_member(members);
    if (!member)
        return -ENOMEM;
    btf_identifier(member->name, name ? name : "_");
    member->offset = offset;
    member->type = id;
    return 0;
}

static int compare_members(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Writes the collected members as one struct or union: the kernel wants a struct's by offset. */
static int add_aggregate(struct btf_types *types, const char *name, bool is_union, uint32_t size,
                         struct members *members)
{
    int id =
        is_union ? btf__add_union(types->btf, name, size) : btf__add_struct(types->btf, name, size);
    if (id < 0)
        return id;
    if (!is_union && members->count > 1)
        qsort(members->items, members->count, sizeof(*members->items), compare_members);
    for (size_t i = 0; i < members->count; i++) {
        const struct member *member = &members->items[i];
        int error = btf__add_field(types->btf, member->name, member->type,
                                   (uint32_t)(member->offset * 8), 0);
        if (error)
            return error;
    }
    return id;
}

static int turn_struct(struct btf_types *types, Dwarf_Die *type, uint32_t size, bool is_union)
{
    struct members members = {0};
    char name[BTF_NAME_SIZE];
    Dwarf_Die child;
    int result = 0;

    for (int end = dwarf_child(type, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_member)
            continue;
        result = collect_member(types, &members, &child, dwarf_diename(&child), size);
        if (result)
            goto out;
    }
    btf_identifier(name, dwarf_diename(type) ? dwarf_diename(type) : "_");
    result = add_aggregate(types, name, is_union, size, &members);
out:
    free(members.items);
    return result == -EINVAL ? btf_types_add_bytes(types, size) : result;
}

/* The discriminant stands anywhere in the enum, and a union's members all at offset 0: so a struct
 * of the whole size holds it. */
static int add_discriminant(struct btf_types *types, struct members *whole, Dwarf_Die *part,
                            const char *enum_name, uint32_t size)
{
    struct members members = {0};
    Dwarf_Attribute attribute;
    Dwarf_Die discriminant;
    char name[BTF_NAME_SIZE], text[2 * BTF_NAME_SIZE];

    if (!dwarf_attr(part, DW_AT_discr, &attribute) || !dwarf_formref_die(&attribute, &discriminant))
        return 0; /* one variant only */
    int result = collect_member(types, &members, &discriminant, "discriminant", size);
    if (result)
        goto out;
    snprintf(text, sizeof(text), "%s_discriminant", enum_name);
    btf_identifier(name, text);
    int id = add_aggregate(types, name, false, size, &members);
    struct member *member = id < 0 ? NULL : new_member(whole);
    if (!member) {
        result = id < 0 ? id : -ENOMEM;
        goto out;
    }
    *member = (struct member){.name = "discriminant", .type = id};
out:
    free(members.items);
    return result;
}

static int turn_enum_with_data(struct btf_types *types, Dwarf_Die *type, Dwarf_Die *part,
                               uint32_t size)
{
    struct members members = {0};
    char name[BTF_NAME_SIZE];
    Dwarf_Die variant, member;

    btf_identifier(name, dwarf_diename(type) ? dwarf_diename(type) : "_");
    int result = add_discriminant(types, &members, part, name, size);
    if (result)
        goto out;
    for (int end = dwarf_child(part, &variant); end == 0;
         end = dwarf_siblingof(&variant, &variant)) {
        if (dwarf_tag(&variant) != DW_TAG_variant)
            continue;
        if (dwarf_child(&variant, &member) != 0 || dwarf_tag(&member) != DW_TAG_member) {
            result = -EINVAL;
            goto out;
        }
        result = collect_member(types, &members, &member, dwarf_diename(&member), size);
        if (result)
            goto out;
        if (members.count > 0 && members.items[members.count - 1].offset != 0) {
            result = -EINVAL;
            goto out;
        }
    }
    result = add_aggregate(types, name, true, size, &members);
out:
    free(members.items);
    return result == -EINVAL ? btf_types_add_bytes(types, size) : result;
}

/* An enumerator's value, as the bits of one that is not signed. */
static bool get_value(Dwarf_Die *enumerator, bool is_signed, int64_t *value)
{
    Dwarf_Attribute attribute;
    Dwarf_Sword number;
    Dwarf_Word bits;
    if (!dwarf_attr(enumerator, DW_AT_const_value, &attribute))
        return false;
    /* The fixed-size forms do not say whether they are signed. */
    if (is_signed) {
        if (dwarf_formsdata(&attribute, &number))
            return false;
        *value = number;
    } else {
        if (dwarf_formudata(&attribute, &bits))
            return false;
        *value = (int64_t)bits;
    }
    return true;
}

/* Whether the enum's values are signed, and all fit in 32 bits. */
static void survey_enum(Dwarf_Die *type, bool *is_signed, bool *is_small)
{
    Dwarf_Die child, underlying;
    uint64_t encoding;
    int64_t value;

    *is_signed = get_type(type, &underlying) &&
                 get_number(&underlying, DW_AT_encoding, &encoding) && encoding == DW_ATE_signed;
    *is_small = true;
    for (int end = dwarf_child(type, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_enumerator || !get_value(&child, *is_signed, &value))
            continue;
        if (*is_signed ? value != (int32_t)value : (uint64_t)value > UINT32_MAX)
            *is_small = false;
    }
}

static int turn_enum(struct btf_types *types, Dwarf_Die *type, uint32_t size)
{
    bool is_signed, is_small;
    char name[BTF_NAME_SIZE];
    Dwarf_Die child;
    int64_t value;

    if ((size & (size - 1)) != 0 || size > 8)
        return btf_types_add_bytes(types, size);
    survey_enum(type, &is_signed, &is_small);
    btf_identifier(name, dwarf_diename(type) ? dwarf_diename(type) : "_");
    int id = is_small ? btf__add_enum(types->btf, name, size)
                      : btf__add_enum64(types->btf, name, size, is_signed);
    if (id < 0)
        return id;
    for (int end = dwarf_child(type, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        if (dwarf_tag(&child) != DW_TAG_enumerator || !dwarf_diename(&child) ||
            !get_value(&child, is_signed, &value))
            continue;
        btf_identifier(name, dwarf_diename(&child));
        int error = is_small ? btf__add_enum_value(types->btf, name, value)
                             : btf__add_enum64_value(types->btf, name, (uint64_t)value);
        if (error)
            return error;
    }
    return id;
}

static int turn_type(struct btf_types *types, Dwarf_Die *type, uint32_t size)
{
    Dwarf_Die child;
    switch (dwarf_tag(type)) {
    case DW_TAG_base_type:
        return turn_base(types, type, size);
    case DW_TAG_array_type:
        return turn_array(types, type, size);
    case DW_TAG_structure_type:
        if (dwarf_child(type, &child) == 0 && dwarf_tag(&child) == DW_TAG_variant_part)
            return turn_enum_with_data(types, type, &child, size);
        return turn_struct(types, type, size, false);
    case DW_TAG_union_type:
        return turn_struct(types, type, size, true);
    case DW_TAG_enumeration_type:
        return turn_enum(types, type, size);
    default:
        return btf_types_add_bytes(types, size);
    }
}

/* -- The table of known types ----------------------------------------------------------------- */

static struct known_type *find_known(struct btf_types *types, Dwarf_Off offset)
{
    for (size_t i = 0; i < types->known_count; i++) {
        if (types->known[i].offset == offset)
            return &types->known[i];
    }
    return NULL;
}

static int add_known(struct btf_types *types, Dwarf_Off offset, size_t *index)
{
    if (types->known_count == types->known_capacity) {
        size_t capacity = types->known_capacity ? 2 * types->known_capacity : 16;
        struct known_type *known = reallocarray(types->known, capacity, sizeof(*known));
        if (!known)
            return -ENOMEM;
        types->known = known;
        types->known_capacity = capacity;
    }
    *index = types->known_count++;
    types->known[*index] = (struct known_type){.offset = offset, .id = IN_WORK};
    return 0;
}

int btf_types_add(struct btf_types *types, Dwarf_Die *type)
{
    Dwarf_Die peeled;
    size_t index;

    if (dwarf_peel_type(type, &peeled) != 0)
        return -EINVAL;
    int64_t size = dwarf_type_size(&peeled);
    if (size < 0)
        return -EINVAL;
    const struct known_type *known = find_known(types, dwarf_dieoffset(&peeled));
    if (known && known->id != IN_WORK)
        return known->id;
    if (size == 0)
        return 0;
    if (known || types->depth >= DEPTH_MAX)
        return btf_types_add_bytes(types, (uint32_t)size);
    int error = add_known(types, dwarf_dieoffset(&peeled), &index);
    if (error)
        return error;
    types->depth++;
    int id = turn_type(types, &peeled, (uint32_t)size);
    types->depth--;
    if (id >= 0)
        types->known[index].id = id;
    return id;
}
