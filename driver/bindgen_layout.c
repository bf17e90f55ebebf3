/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/bindgen_layout.h"
#include "base/memory.h"
#include <bpf/btf.h>
#include <linux/btf.h>
#include <stdlib.h>

/* C types nest by value less deeply than this; damaged BTF may have a cycle. */
#define NESTING_MAX 64

struct builder {
    const struct btf *btf;
    struct bindgen_layout *layout;
    unsigned depth;
};

static int align_of(const struct btf *btf, uint32_t type, unsigned depth, uint32_t *align);
static int make(const struct btf *btf, uint32_t type, unsigned depth,
                struct bindgen_layout *layout);
static int walk(struct builder *builder, uint32_t type, uint32_t base, bool in_union);

uint32_t bindgen_strip(const struct btf *btf, uint32_t type)
{
    for (unsigned i = 0; i < NESTING_MAX; i++) {
        const struct btf_type *t = btf__type_by_id(btf, type);
        if (!t || !(btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)))
            return type;
        type = t->type;
    }
    return 0;
}

static const char *name_of(const struct btf *btf, uint32_t offset)
{
    const char *name = btf__name_by_offset(btf, offset);
    return name ? name : "";
}

static void add_slot(struct bindgen_layout *layout, struct bindgen_slot slot)
{
    layout->slots = must_grow(layout->slots, layout->slot_count + 1, sizeof(slot));
    layout->slots[layout->slot_count++] = slot;
}

static void add_access(struct bindgen_layout *layout, struct bindgen_access access)
{
    layout->accesses = must_grow(layout->accesses, layout->access_count + 1, sizeof(access));
    layout->accesses[layout->access_count++] = access;
}

/* First byte behind what has a place. */
static uint32_t end_of(const struct bindgen_layout *layout)
{
    if (!layout->slots)
        return 0;
    const struct bindgen_slot *last = &layout->slots[layout->slot_count - 1];
    return last->offset + last->size;
}

/* Fills the gap up to offset. */
static int pad(struct bindgen_layout *layout, uint32_t offset)
{
    uint32_t end = end_of(layout);
    if (offset < end || offset > layout->size)
        return -1;
    if (offset > end)
        add_slot(layout,
                 (struct bindgen_slot){
                     .kind = BINDGEN_PADDING, .offset = end, .size = offset - end, .align = 1});
    return 0;
}

/* Gives a bit-field a place in the bytes of the bit-fields before it, or in new ones. */
static int add_bits(struct builder *builder, const char *name, uint32_t type, uint32_t bit_offset,
                    uint32_t bit_size)
{
    struct bindgen_layout *layout = builder->layout;
    struct bindgen_slot *last = layout->slots ? &layout->slots[layout->slot_count - 1] : NULL;
    uint32_t first = bit_offset / 8;
    uint32_t end = (bit_offset + bit_size + 7) / 8;
    if (bit_size > 64 || end > layout->size)
        return -1;
    if (!last || last->kind != BINDGEN_BITS || first < last->offset ||
        first > last->offset + last->size) {
        if (pad(layout, first) != 0)
            return -1;
        add_slot(layout,
                 (struct bindgen_slot){
                     .kind = BINDGEN_BITS, .offset = first, .size = end - first, .align = 1});
    } else if (end > last->offset + last->size) {
        last->size = end - last->offset;
    }
    /* A bit-field without a name is padding. */
    if (name[0] != '\0')
        add_access(layout, (struct bindgen_access){.name = name,
                                                   .type = type,
                                                   .bit_offset = bit_offset,
                                                   .bit_size = bit_size,
                                                   .slot = layout->slot_count - 1});
    return 0;
}

static int add_field(struct builder *builder, const char *name, uint32_t type, uint32_t bit_offset)
{
    struct bindgen_layout *layout = builder->layout;
    int64_t size = btf__resolve_size(builder->btf, type);
    uint32_t align;
    if (size < 0 || bit_offset % 8 != 0 || size > layout->size ||
        align_of(builder->btf, type, builder->depth, &align) != 0 ||
        pad(layout, bit_offset / 8) != 0)
        return -1;
    add_slot(layout, (struct bindgen_slot){.kind = BINDGEN_FIELD,
                                           .name = name,
                                           .type = type,
                                           .offset = bit_offset / 8,
                                           .size = (uint32_t)size,
                                           .align = align});
    return end_of(layout) > layout->size ? -1 : 0;
}

/* Whether the second member of a union names the members of the first, an anonymous struct, as a
 * group (include/uapi/linux/stddef.h, __struct_group). */
static bool is_group(const struct btf *btf, const struct btf_type *t)
{
    const struct btf_member *members = btf_members(t);
    if (btf_vlen(t) != 2 || name_of(btf, members[0].name_off)[0] != '\0' ||
        name_of(btf, members[1].name_off)[0] == '\0')
        return false;
    const struct btf_type *a = btf__type_by_id(btf, bindgen_strip(btf, members[0].type));
    const struct btf_type *b = btf__type_by_id(btf, bindgen_strip(btf, members[1].type));
    if (!a || !b || !btf_is_struct(a) || !btf_is_struct(b) || btf_vlen(a) != btf_vlen(b))
        return false;
    for (unsigned i = 0; i < btf_vlen(a); i++) {
        if (btf_members(a)[i].name_off != btf_members(b)[i].name_off ||
            btf_members(a)[i].offset != btf_members(b)[i].offset)
            return false;
    }
    return true;
}

/* A union at base bits, outside any other. */
static int add_union(struct builder *builder, uint32_t type, uint32_t base)
{
    const struct btf_type *t = btf__type_by_id(builder->btf, type);
    struct bindgen_layout *layout = builder->layout;
    if (is_group(builder->btf, t))
        return walk(builder, bindgen_strip(builder->btf, btf_members(t)[0].type), base, false);
    uint32_t align = 1;
    for (unsigned i = 0; i < btf_vlen(t); i++) {
        uint32_t member;
        if (align_of(builder->btf, btf_members(t)[i].type, builder->depth, &member) != 0)
            return -1;
        if (member > align)
            align = member;
    }
    while (base / 8 % align != 0)
        align /= 2;
    if (base % 8 != 0 || pad(layout, base / 8) != 0)
        return -1;
    add_slot(layout,
             (struct bindgen_slot){
                 .kind = BINDGEN_UNION, .offset = base / 8, .size = t->size, .align = align});
    if (end_of(layout) > layout->size)
        return -1;
    return walk(builder, type, base, true);
}

/* Adds the members of a struct or union that begins at base bits. Within a union they are accesses
 * to its bytes, the last slot. */
static int walk(struct builder *builder, uint32_t type, uint32_t base, bool in_union)
{
    const struct btf_type *t = btf__type_by_id(builder->btf, type);
    if (!t || !btf_is_composite(t) || ++builder->depth > NESTING_MAX)
        return -1;
    int status = 0;
    for (unsigned i = 0; status == 0 && i < btf_vlen(t); i++) {
        const struct btf_member *member = &btf_members(t)[i];
        const char *name = name_of(builder->btf, member->name_off);
        uint32_t bit_offset = base + btf_member_bit_offset(t, i);
        uint32_t bit_size = btf_member_bitfield_size(t, i);
        uint32_t inner = bindgen_strip(builder->btf, member->type);
        const struct btf_type *inner_type = btf__type_by_id(builder->btf, inner);
        bool anonymous = name[0] == '\0' && inner_type && btf_is_composite(inner_type);
        if (anonymous && !in_union && btf_is_union(inner_type))
            status = add_union(builder, inner, bit_offset);
        else if (anonymous)
            status = walk(builder, inner, bit_offset, in_union);
        else if (in_union)
            add_access(builder->layout,
                       (struct bindgen_access){.name = name,
                                               .type = member->type,
                                               .bit_offset = bit_offset,
                                               .bit_size = bit_size,
                                               .slot = builder->layout->slot_count - 1});
        else if (bit_size)
            status = add_bits(builder, name, member->type, bit_offset, bit_size);
        else
            status = add_field(builder, name, member->type, bit_offset);
    }
    builder->depth--;
    return status;
}

/* Whether every slot lies where repr(C) would put it with alignments of at most limit. */
static bool fits(const struct bindgen_layout *layout, uint32_t limit)
{
    uint32_t largest = 1;
    for (size_t i = 0; i < layout->slot_count; i++) {
        uint32_t align = layout->slots[i].align < limit ? layout->slots[i].align : limit;
        if (align > 1 && layout->slots[i].offset % align != 0)
            return false;
        if (align > largest)
            largest = align;
    }
    return layout->size % largest == 0;
}

static void choose_packing(struct bindgen_layout *layout)
{
    uint32_t largest = 1;
    for (size_t i = 0; i < layout->slot_count; i++) {
        if (layout->slots[i].align > largest)
            largest = layout->slots[i].align;
    }
    layout->align = largest;
    while (!fits(layout, layout->align))
        layout->align /= 2; /* 1 always fits */
    layout->packed = layout->align < largest ? layout->align : 0;
}

static int make(const struct btf *btf, uint32_t type, unsigned depth, struct bindgen_layout *layout)
{
    const struct btf_type *t = btf__type_by_id(btf, type);
    *layout = (struct bindgen_layout){0};
    if (!t || !btf_is_composite(t) || depth > NESTING_MAX)
        return -1;
    layout->size = t->size;
    struct builder builder = {.btf = btf, .layout = layout, .depth = depth};
    int status = btf_is_union(t) ? add_union(&builder, type, 0) : walk(&builder, type, 0, false);
    if (status == 0)
        status = pad(layout, layout->size);
    if (status == 0)
        choose_packing(layout);
    return status;
}

int bindgen_layout_make(const struct btf *btf, uint32_t type, struct bindgen_layout *layout)
{
    return make(btf, type, 0, layout);
}

void bindgen_layout_free(struct bindgen_layout *layout)
{
    free(layout->slots);
    free(layout->accesses);
    *layout = (struct bindgen_layout){0};
}

/* The alignment that the Rust view of a type has, in bytes. */
static int align_of(const struct btf *btf, uint32_t type, unsigned depth, uint32_t *align)
{
    uint32_t inner = bindgen_strip(btf, type);
    const struct btf_type *t = btf__type_by_id(btf, inner);
    struct bindgen_layout layout;
    if (!t || depth > NESTING_MAX)
        return -1;
    switch (btf_kind(t)) {
    case BTF_KIND_INT:
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        *align = t->size;
        return t->size == 1 || t->size == 2 || t->size == 4 || t->size == 8 || t->size == 16 ? 0
                                                                                             : -1;
    case BTF_KIND_PTR:
        *align = 8;
        return 0;
    case BTF_KIND_FLOAT:
        *align = 1; /* as bytes */
        return 0;
    case BTF_KIND_ARRAY:
        return align_of(btf, btf_array(t)->type, depth + 1, align);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
        if (make(btf, inner, depth + 1, &layout) != 0) {
            bindgen_layout_free(&layout);
            return -1;
        }
        *align = layout.align;
        bindgen_layout_free(&layout);
        return 0;
    default:
        return -1;
    }
}
