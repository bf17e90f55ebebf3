/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/bindgen.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "driver/bindgen_check.h"
#include "driver/bindgen_layout.h"
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* The crate examines types of up to this many bytes (rex::utils::NoRef); larger members of unions
 * get no methods. */
#define EXAMINED 2048

/* A type that gets a Rust item, and the name of that. */
struct item {
    uint32_t type;
    char *name;
};

struct generator {
    struct diag *diag;
    const struct btf *btf;
    const char *path;
    struct buffer *out;
    struct item *items; /* those before next are written */
    size_t item_count;
    size_t next;
    uint32_t *enumerators; /* BTF names of the constants written */
    size_t enumerator_count;
};

static const struct btf_type *type_of(const struct generator *generator, uint32_t id)
{
    return btf__type_by_id(generator->btf, id);
}

static const char *type_name(const struct generator *generator, const struct btf_type *t)
{
    const char *name = btf__name_by_offset(generator->btf, t->name_off);
    return name ? name : "";
}

/* Words that are Rust's but may be C's names. Those of the second list cannot be written r#... */
static const char *const keywords[] = {
    "abstract", "as",     "async",   "await",  "become",  "box",      "break", "const",
    "continue", "do",     "dyn",     "else",   "enum",    "extern",   "false", "final",
    "fn",       "for",    "gen",     "if",     "impl",    "in",       "let",   "loop",
    "macro",    "match",  "mod",     "move",   "mut",     "override", "priv",  "pub",
    "ref",      "return", "static",  "struct", "trait",   "true",     "try",   "type",
    "typeof",   "unsafe", "unsized", "use",    "virtual", "where",    "while", "yield",
};
static const char *const never_raw[] = {"self", "Self", "super", "crate", "_"};

static bool is_in(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(name, list[i]) == 0)
            return true;
    }
    return false;
}

/* Writes a C name as a Rust identifier. */
static void write_identifier(struct buffer *out, const char *name)
{
    if (is_in(name, keywords, sizeof(keywords) / sizeof(keywords[0])))
        buffer_format(out, "r#%s", name);
    else if (is_in(name, never_raw, sizeof(never_raw) / sizeof(never_raw[0])))
        buffer_format(out, "%s_", name);
    else
        buffer_string(out, name);
}

static struct item *find_item(const struct generator *generator, uint32_t type)
{
    for (size_t i = 0; i < generator->item_count; i++) {
        if (generator->items[i].type == type)
            return &generator->items[i];
    }
    return NULL;
}

static bool name_taken(const struct generator *generator, const char *name)
{
    for (size_t i = 0; i < generator->item_count; i++) {
        if (strcmp(generator->items[i].name, name) == 0)
            return true;
    }
    return false;
}

/* The name of the item for a type, which is written later if it is new. Takes wanted. */
static const char *need_item(struct generator *generator, uint32_t type, char *wanted)
{
    const struct item *known = find_item(generator, type);
    if (known) {
        free(wanted);
        return known->name;
    }
    /* C has a name space for struct, union and enum tags and one for typedefs; Rust has one. */
    char *name = must_copy(wanted);
    for (unsigned i = 1; name_taken(generator, name); i++) {
        free(name);
        name = must_format("%s_%u", wanted, i);
    }
    free(wanted);
    generator->items =
        must_grow(generator->items, generator->item_count + 1, sizeof(*generator->items));
    generator->items[generator->item_count++] = (struct item){.type = type, .name = name};
    return name;
}

static const char *integer_type(uint32_t size, bool is_signed)
{
    switch (size) {
    case 1:
        return is_signed ? "i8" : "u8";
    case 2:
        return is_signed ? "i16" : "u16";
    case 4:
        return is_signed ? "i32" : "u32";
    case 8:
        return is_signed ? "i64" : "u64";
    case 16:
        return is_signed ? "i128" : "u128";
    default:
        return NULL;
    }
}

/* The Rust integer that an INT or enumeration is; NULL for another type. */
static const char *as_integer(const struct btf_type *t)
{
    if (btf_is_int(t))
        return integer_type(t->size, btf_int_encoding(t) & BTF_INT_SIGNED);
    if (btf_is_any_enum(t))
        return integer_type(t->size, btf_kflag(t));
    return NULL;
}

/* Writes the Rust type for a member. parent and member name a type that has no name. */
static int write_type(struct generator *generator, struct buffer *out, uint32_t type,
                      const char *parent, const char *member)
{
    /* A struct without a tag takes the name of its typedef. */
    const char *typedef_name = NULL;
    uint32_t inner = type;
    for (const struct btf_type *t = type_of(generator, inner);
         t && (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t));
         t = type_of(generator, inner)) {
        if (btf_is_typedef(t))
            typedef_name = type_name(generator, t);
        inner = t->type;
    }
    const struct btf_type *t = type_of(generator, inner);
    if (!t)
        return -1;
    const char *integer = as_integer(t);
    if (integer)
        return buffer_string(out, integer);
    switch (btf_kind(t)) {
    case BTF_KIND_PTR:
        return buffer_string(out, "u64");
    case BTF_KIND_FLOAT:
        return buffer_format(out, "[u8; %" PRIu32 "]", t->size);
    case BTF_KIND_ARRAY:
        buffer_char(out, '[');
        if (write_type(generator, out, btf_array(t)->type, parent, member) != 0)
            return -1;
        return buffer_format(out, "; %" PRIu32 "]", btf_array(t)->nelems);
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: {
        const char *tag = type_name(generator, t);
        char *name = tag[0]         ? must_copy(tag)
                     : typedef_name ? must_copy(typedef_name)
                                    : must_format("%s__%s", parent, member);
        write_identifier(out, need_item(generator, inner, name));
        return 0;
    }
    default:
        return -1;
    }
}

/* Whether the member's array is longer than those that have a Default. */
static bool has_default(const struct generator *generator, uint32_t type)
{
    uint32_t inner = bindgen_strip(generator->btf, type);
    const struct btf_type *t = type_of(generator, inner);
    struct bindgen_layout layout;
    if (!t)
        return false;
    if (btf_is_array(t))
        return btf_array(t)->nelems <= 32 && has_default(generator, btf_array(t)->type);
    if (!btf_is_composite(t))
        return !btf_is_float(t) || t->size <= 32;
    bool result = bindgen_layout_make(generator->btf, inner, &layout) == 0;
    for (size_t i = 0; result && i < layout.slot_count; i++) {
        const struct bindgen_slot *slot = &layout.slots[i];
        result =
            slot->kind == BINDGEN_FIELD ? has_default(generator, slot->type) : slot->size <= 32;
    }
    bindgen_layout_free(&layout);
    return result;
}

static const char *const slot_prefixes[] = {
    [BINDGEN_PADDING] = "_pad", [BINDGEN_BITS] = "_bits", [BINDGEN_UNION] = "_union"};

static int write_slots(struct generator *generator, const char *name,
                       const struct bindgen_layout *layout)
{
    struct buffer *out = generator->out;
    for (size_t i = 0; i < layout->slot_count; i++) {
        const struct bindgen_slot *slot = &layout->slots[i];
        if (slot->kind != BINDGEN_FIELD) {
            if (slot->kind == BINDGEN_UNION && slot->align > 1)
                buffer_format(out, "    pub _align_%zu: [%s; 0],\n", i,
                              integer_type(slot->align, false));
            buffer_format(out, "    pub %s_%zu: [u8; %" PRIu32 "],\n", slot_prefixes[slot->kind], i,
                          slot->size);
            continue;
        }
        const struct btf_type *t = type_of(generator, bindgen_strip(generator->btf, slot->type));
        if (t && btf_is_ptr(t))
            buffer_string(out, "    /// A pointer.\n");
        buffer_string(out, "    pub ");
        write_identifier(out, slot->name);
        buffer_string(out, ": ");
        if (write_type(generator, out, slot->type, name, slot->name) != 0)
            return -1;
        buffer_string(out, ",\n");
    }
    return 0;
}

/* The methods of a member that lies in bytes. They are small and called for each packet, and
 * without #[inline] each would be a call into the crate's machine code. */
static int write_access(struct generator *generator, const char *name,
                        const struct bindgen_layout *layout, const struct bindgen_access *access)
{
    struct buffer *out = generator->out;
    const struct bindgen_slot *slot = &layout->slots[access->slot];
    const struct btf_type *t = type_of(generator, bindgen_strip(generator->btf, access->type));
    int64_t size = btf__resolve_size(generator->btf, access->type);
    uint32_t bit = access->bit_offset - slot->offset * 8;
    if (!t || size < 0 || (access->bit_size && !as_integer(t)))
        return -1;
    if (!access->bit_size && (size > EXAMINED || (uint64_t)size + bit / 8 > slot->size))
        return size > EXAMINED ? 0 : -1;

    struct buffer type = {0};
    int status = write_type(generator, &type, access->type, name, access->name);
    if (status == 0 && access->bit_size) {
        bool is_signed = as_integer(t)[0] == 'i';
        buffer_string(out, "\n    #[inline]\n    pub fn ");
        write_identifier(out, access->name);
        buffer_format(out, "(&self) -> %s {\n", type.data);
        buffer_format(out,
                      "        ::rex::utils::read_bits%s(&self.%s_%zu, %" PRIu32 ", %" PRIu32
                      ") as %s\n",
                      is_signed ? "_signed" : "", slot_prefixes[slot->kind], access->slot, bit,
                      access->bit_size, type.data);
        buffer_format(out, "    }\n\n    #[inline]\n    pub fn set_%s(&mut self, value: %s) {\n",
                      access->name, type.data);
        buffer_format(out,
                      "        ::rex::utils::write_bits(&mut self.%s_%zu, %" PRIu32 ", %" PRIu32
                      ", value as u64);\n    }\n",
                      slot_prefixes[slot->kind], access->slot, bit, access->bit_size);
    } else if (status == 0) {
        buffer_string(out, "\n    #[inline]\n    pub fn ");
        write_identifier(out, access->name);
        buffer_format(out, "(&self) -> %s {\n", type.data);
        buffer_format(out,
                      "        ::rex::utils::read_at(&self._union_%zu, %" PRIu32 ")\n    }\n\n",
                      access->slot, bit / 8);
        buffer_format(out, "    #[inline]\n    pub fn set_%s(&mut self, value: %s) {\n",
                      access->name, type.data);
        buffer_format(out,
                      "        ::rex::utils::write_at(&mut self._union_%zu, %" PRIu32
                      ", value);\n    }\n",
                      access->slot, bit / 8);
    }
    buffer_free(&type);
    return status;
}

static void write_assertions(struct generator *generator, const char *name,
                             const struct bindgen_layout *layout)
{
    struct buffer *out = generator->out;
    buffer_string(out, "const _: () = {\n    assert!(::core::mem::size_of::<");
    write_identifier(out, name);
    buffer_format(out, ">() == %" PRIu32 ");\n", layout->size);
    for (size_t i = 0; i < layout->slot_count; i++) {
        const struct bindgen_slot *slot = &layout->slots[i];
        if (slot->kind == BINDGEN_PADDING)
            continue;
        buffer_string(out, "    assert!(::core::mem::offset_of!(");
        write_identifier(out, name);
        buffer_string(out, ", ");
        if (slot->kind == BINDGEN_FIELD)
            write_identifier(out, slot->name);
        else
            buffer_format(out, "%s_%zu", slot_prefixes[slot->kind], i);
        buffer_format(out, ") == %" PRIu32 ");\n", slot->offset);
    }
    buffer_string(out, "};\n");
}

static int write_composite(struct generator *generator, uint32_t type, const char *name)
{
    struct buffer *out = generator->out;
    const struct btf_type *t = type_of(generator, type);
    struct bindgen_layout layout;
    int status = bindgen_layout_make(generator->btf, type, &layout);
    if (status != 0) {
        bindgen_layout_free(&layout);
        return diag_error(generator->diag, DIAG_CANNOT_READ, NULL,
                          "the BTF in %s contradicts itself about `%s`", generator->path, name);
    }
    buffer_format(out, "\n/// C's `%s %s`, %" PRIu32 " bytes.\n",
                  btf_is_union(t) ? "union" : "struct", name, layout.size);
    buffer_format(out, "#[derive(Clone, Copy%s)]\n",
                  has_default(generator, type) ? ", Default" : "");
    if (layout.packed > 1)
        buffer_format(out, "#[repr(C, packed(%" PRIu32 "))]\n", layout.packed);
    else
        buffer_string(out, layout.packed ? "#[repr(C, packed)]\n" : "#[repr(C)]\n");
    buffer_string(out, "pub struct ");
    write_identifier(out, name);
    buffer_string(out, " {\n");
    status = write_slots(generator, name, &layout);
    buffer_string(out, "}\n");
    if (status == 0 && layout.access_count) {
        buffer_string(out, "\n#[allow(clippy::unnecessary_cast)]\nimpl ");
        write_identifier(out, name);
        buffer_string(out, " {");
        for (size_t i = 0; status == 0 && i < layout.access_count; i++)
            status = write_access(generator, name, &layout, &layout.accesses[i]);
        buffer_string(out, "}\n");
    }
    buffer_string(out, "\n");
    write_assertions(generator, name, &layout);
    bindgen_layout_free(&layout);
    if (status != 0)
        return diag_error(generator->diag, DIAG_CANNOT_READ, NULL,
                          "the BTF in %s has a member of `%s` whose type cannot be written in Rust",
                          generator->path, name);
    return 0;
}

/* Whether an enumerator of that name was written before: C files that know nothing of each other
 * may have one each. */
static bool is_second(struct generator *generator, uint32_t name_offset)
{
    for (size_t i = 0; i < generator->enumerator_count; i++) {
        if (generator->enumerators[i] == name_offset)
            return true;
    }
    generator->enumerators = must_grow(generator->enumerators, generator->enumerator_count + 1,
                                       sizeof(*generator->enumerators));
    generator->enumerators[generator->enumerator_count++] = name_offset;
    return false;
}

static void write_enumeration(struct generator *generator, const struct btf_type *t,
                              const char *name)
{
    struct buffer *out = generator->out;
    const char *integer = as_integer(t);
    buffer_format(out, "\n/// C's `enum %s`.\npub type ", name);
    write_identifier(out, name);
    buffer_format(out, " = %s;\n", integer);
    for (unsigned i = 0; i < btf_vlen(t); i++) {
        bool wide = btf_is_enum64(t);
        uint32_t name_offset = wide ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off;
        int64_t value =
            wide ? (int64_t)btf_enum64_value(&btf_enum64(t)[i]) : (int64_t)btf_enum(t)[i].val;
        buffer_string(out, "pub const ");
        if (is_second(generator, name_offset))
            buffer_format(out, "%s_", name);
        write_identifier(out, btf__name_by_offset(generator->btf, name_offset));
        if (btf_kflag(t))
            buffer_format(out, ": %s = %" PRId64 ";\n", integer, value);
        else
            buffer_format(out, ": %s = %" PRIu64 ";\n", integer,
                          wide ? (uint64_t)value : (uint64_t)(uint32_t)value);
    }
}

/* Writes the item for one type. */
static int write_item(struct generator *generator, uint32_t type, const char *name)
{
    const struct btf_type *t = type_of(generator, type);
    struct buffer *out = generator->out;
    if (btf_is_composite(t))
        return write_composite(generator, type, name);
    if (btf_is_any_enum(t) && as_integer(t)) {
        write_enumeration(generator, t, name);
        return 0;
    }
    struct buffer target = {0};
    int status = write_type(generator, &target, type, name, "type");
    if (status == 0) {
        buffer_format(out, "\n/// C's `typedef %s`.\npub type ", name);
        write_identifier(out, name);
        buffer_format(out, " = %s;\n", target.data);
    }
    buffer_free(&target);
    if (status != 0)
        return diag_error(generator->diag, DIAG_CANNOT_READ, NULL,
                          "the type `%s` of %s cannot be written in Rust", name, generator->path);
    return 0;
}

/* Asks for the item of a type by its C name. */
static int request(struct generator *generator, const char *type)
{
    static const struct {
        const char *prefix;
        unsigned kinds[2];
    } forms[] = {
        {"struct ", {BTF_KIND_STRUCT}},
        {"union ", {BTF_KIND_UNION}},
        {"enum ", {BTF_KIND_ENUM, BTF_KIND_ENUM64}},
    };
    static const unsigned any[] = {BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_ENUM, BTF_KIND_ENUM64,
                                   BTF_KIND_TYPEDEF};
    const unsigned *kinds = any;
    size_t count = sizeof(any) / sizeof(any[0]);
    const char *name = type;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strncmp(type, forms[i].prefix, strlen(forms[i].prefix)) == 0) {
            name = type + strlen(forms[i].prefix);
            kinds = forms[i].kinds;
            count = forms[i].kinds[1] ? 2 : 1;
        }
    }
    int id = -ENOENT;
    /* The empty name would find one of the types without a name. */
    for (size_t i = 0; *name && id < 0 && i < count; i++)
        id = btf__find_by_name_kind(generator->btf, name, kinds[i]);
    if (id < 0)
        return diag_error(generator->diag, DIAG_USAGE,
                          "`bpftool btf dump file FILE` lists the types that it has",
                          "%s has no type `%s`", generator->path, type);
    const char *problem = bindgen_check(generator->btf, (uint32_t)id);
    if (problem)
        return diag_error(generator->diag, DIAG_CANNOT_READ, NULL,
                          "the BTF in %s contradicts itself about `%s`: %s", generator->path, name,
                          problem);
    const struct btf_type *t = type_of(generator, (uint32_t)id);
    /* A typedef of an unnamed struct is that struct's name. */
    uint32_t target = bindgen_strip(generator->btf, (uint32_t)id);
    const struct btf_type *inner = type_of(generator, target);
    bool names_it = btf_is_typedef(t) && inner &&
                    (btf_is_composite(inner) || btf_is_any_enum(inner)) &&
                    type_name(generator, inner)[0] == '\0';
    need_item(generator, names_it ? target : (uint32_t)id, must_copy(name));
    return 0;
}

static int generate(struct generator *generator, const char *const *types)
{
    for (const char *const *type = types; *type; type++) {
        if (request(generator, *type) != 0)
            return -1;
    }
    buffer_string(generator->out,
                  "// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n"
                  "// Made by `rexc bindgen` from the types of a kernel. Do not edit.\n"
                  "#![allow(dead_code, missing_docs, non_camel_case_types, non_snake_case)]\n"
                  "#![allow(non_upper_case_globals)]\n");
    while (generator->next < generator->item_count) {
        /* Writing one may move the array, not the name. */
        const struct item item = generator->items[generator->next++];
        if (write_item(generator, item.type, item.name) != 0)
            return -1;
    }
    return 0;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

int bindgen_write(struct diag *diag, const char *btf_path, const char *const *types,
                  struct buffer *out)
{
    libbpf_print_fn_t previous = libbpf_set_print(quiet);
    struct btf *btf = btf__parse(btf_path, NULL);
    int error = btf ? 0 : errno;
    libbpf_set_print(previous);
    if (!btf)
        return diag_error(diag, DIAG_CANNOT_READ,
                          "give a raw BTF file, or an ELF file with a section .BTF, with --btf",
                          "no BTF can be read from %s: %s", btf_path, strerror(error));

    struct generator generator = {.diag = diag, .btf = btf, .path = btf_path, .out = out};
    int status = generate(&generator, types);
    for (size_t i = 0; i < generator.item_count; i++)
        free(generator.items[i].name);
    free(generator.items);
    free(generator.enumerators);
    btf__free(btf);
    if (status == 0 && out->failed)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    return status;
}
