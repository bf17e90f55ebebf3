/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Cuts a kernel's BTF down to some types: trim IN OUT < ROOTS
 * A root is a line: "TYPE", with all that it contains by value, or "STRUCTURE.FIELD", of a
 * structure of which only the fields named so stay, at their offsets. Pointers become void
 * pointers.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct root {
    char *type;
    char *field; /* NULL: all of the type */
};

struct trim {
    struct btf *from;
    struct btf *to;
    int *copies; /* by type of from: its type of to, 0 while it has none */
    struct root *roots;
    size_t root_count;
};

static int copy(struct trim *trim, uint32_t id);

static const char *name_at(const struct trim *trim, uint32_t offset)
{
    const char *name = btf__name_by_offset(trim->from, offset);
    return name && name[0] ? name : NULL;
}

/* Whether the structure is there for some of its fields only, and which. */
static bool is_partial(const struct trim *trim, const char *structure)
{
    bool partial = false;
    for (size_t i = 0; structure && i < trim->root_count; i++) {
        if (strcmp(trim->roots[i].type, structure) != 0)
            continue;
        if (!trim->roots[i].field)
            return false;
        partial = true;
    }
    return partial;
}

static bool field_wanted(const struct trim *trim, const char *structure, const char *field)
{
    for (size_t i = 0; i < trim->root_count; i++) {
        if (trim->roots[i].field && strcmp(trim->roots[i].type, structure) == 0 &&
            strcmp(trim->roots[i].field, field) == 0)
            return true;
    }
    return false;
}

/* Whether a member of a partial structure stays: it is wanted, or an anonymous part has one that
 * is. */
static bool member_stays(const struct trim *trim, const char *structure,
                         const struct btf_member *member)
{
    const char *name = name_at(trim, member->name_off);
    if (name)
        return field_wanted(trim, structure, name);
    const struct btf_type *t = btf__type_by_id(trim->from, member->type);
    if (!t || !btf_is_composite(t))
        return false;
    for (unsigned i = 0; i < btf_vlen(t); i++) {
        if (member_stays(trim, structure, &btf_members(t)[i]))
            return true;
    }
    return false;
}

/* Copies a struct or union; of a partial one, or an anonymous part of it, what stays of structure.
 */
static int copy_composite(struct trim *trim, uint32_t id, const char *structure)
{
    const struct btf_type *t = btf__type_by_id(trim->from, id);
    int *types = calloc(btf_vlen(t) + 1u, sizeof(*types));
    int result = types ? 0 : -ENOMEM;
    for (unsigned i = 0; result >= 0 && i < btf_vlen(t); i++) {
        const struct btf_member *member = &btf_members(t)[i];
        if (structure && !member_stays(trim, structure, member))
            continue;
        const struct btf_type *inner = btf__type_by_id(trim->from, member->type);
        bool anonymous = !name_at(trim, member->name_off) && inner && btf_is_composite(inner);
        result = anonymous && structure ? copy_composite(trim, member->type, structure)
                                        : copy(trim, member->type);
        types[i] = result;
    }
    if (result >= 0)
        result = btf_is_struct(t) ? btf__add_struct(trim->to, name_at(trim, t->name_off), t->size)
                                  : btf__add_union(trim->to, name_at(trim, t->name_off), t->size);
    int copied = result;
    for (unsigned i = 0; result >= 0 && i < btf_vlen(t); i++) {
        if (types[i] > 0)
            result = btf__add_field(trim->to, name_at(trim, btf_members(t)[i].name_off), types[i],
                                    btf_member_bit_offset(t, i), btf_member_bitfield_size(t, i));
    }
    free(types);
    return result < 0 ? result : copied;
}

static int copy_enumeration(struct trim *trim, const struct btf_type *t)
{
    bool wide = btf_is_enum64(t);
    int copied = wide ? btf__add_enum64(trim->to, name_at(trim, t->name_off), t->size, btf_kflag(t))
                      : btf__add_enum(trim->to, name_at(trim, t->name_off), t->size);
    int result = copied;
    for (unsigned i = 0; result >= 0 && i < btf_vlen(t); i++)
        result = wide ? btf__add_enum64_value(trim->to, name_at(trim, btf_enum64(t)[i].name_off),
                                              btf_enum64_value(&btf_enum64(t)[i]))
                      : btf__add_enum_value(trim->to, name_at(trim, btf_enum(t)[i].name_off),
                                            btf_enum(t)[i].val);
    return result < 0 ? result : copied;
}

static int copy_reference(struct trim *trim, const struct btf_type *t)
{
    int inner = t->type ? copy(trim, t->type) : 0;
    if (inner < 0)
        return inner;
    switch (btf_kind(t)) {
    case BTF_KIND_TYPEDEF:
        return btf__add_typedef(trim->to, name_at(trim, t->name_off), inner);
    case BTF_KIND_CONST:
        return btf__add_const(trim->to, inner);
    case BTF_KIND_VOLATILE:
        return btf__add_volatile(trim->to, inner);
    case BTF_KIND_RESTRICT:
        return btf__add_restrict(trim->to, inner);
    case BTF_KIND_TYPE_TAG:
        return inner;
    default:
        return -EINVAL;
    }
}

/* The type of trim->to that is the type id of trim->from; a negative errno. */
static int copy(struct trim *trim, uint32_t id)
{
    const struct btf_type *t = btf__type_by_id(trim->from, id);
    if (!t)
        return -EINVAL;
    if (trim->copies[id])
        return trim->copies[id];
    int result;
    int element;
    switch (btf_kind(t)) {
    case BTF_KIND_INT:
        result = btf__add_int(trim->to, name_at(trim, t->name_off), t->size, btf_int_encoding(t));
        break;
    case BTF_KIND_FLOAT:
        result = btf__add_float(trim->to, name_at(trim, t->name_off), t->size);
        break;
    case BTF_KIND_PTR:
        result = btf__add_ptr(trim->to, 0);
        break;
    case BTF_KIND_ARRAY:
        element = copy(trim, btf_array(t)->type);
        result = element < 0 ? element : copy(trim, btf_array(t)->index_type);
        if (result >= 0)
            result = btf__add_array(trim->to, result, element, btf_array(t)->nelems);
        break;
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION: {
        const char *name = name_at(trim, t->name_off);
        result = copy_composite(trim, id, is_partial(trim, name) ? name : NULL);
        break;
    }
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
        result = copy_enumeration(trim, t);
        break;
    default:
        result = copy_reference(trim, t);
    }
    if (result > 0)
        trim->copies[id] = result;
    return result;
}

static int copy_root(struct trim *trim, const struct root *root)
{
    static const unsigned kinds[] = {BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_ENUM,
                                     BTF_KIND_ENUM64, BTF_KIND_TYPEDEF};
    int id = -ENOENT;
    for (size_t i = 0; id < 0 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
        id = btf__find_by_name_kind(trim->from, root->type, kinds[i]);
    int result = id < 0 ? id : copy(trim, (uint32_t)id);
    if (result < 0)
        fprintf(stderr, "%s: %s\n", root->type, strerror(-result));
    return result;
}

static int read_roots(struct trim *trim)
{
    char *line = NULL;
    size_t capacity = 0;
    while (getline(&line, &capacity, stdin) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0' || line[0] == '#')
            continue;
        struct root *roots = reallocarray(trim->roots, trim->root_count + 1, sizeof(*roots));
        char *text = strdup(line);
        if (roots)
            trim->roots = roots;
        if (!roots || !text) {
            free(text);
            free(line);
            return -ENOMEM;
        }
        char *dot = strchr(text, '.');
        if (dot)
            *dot++ = '\0';
        trim->roots[trim->root_count++] = (struct root){.type = text, .field = dot};
    }
    free(line);
    return 0;
}

static int write_file(const struct btf *btf, const char *path)
{
    uint32_t size;
    const void *data = btf__raw_data(btf, &size);
    FILE *file = data ? fopen(path, "wb") : NULL;
    if (!file) {
        perror(path);
        return -1;
    }
    bool written = fwrite(data, 1, size, file) == size;
    if (fclose(file) != 0 || !written) {
        perror(path);
        return -1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s IN OUT < ROOTS\n", argv[0]);
        return 2;
    }
    struct trim trim = {.from = btf__parse(argv[1], NULL), .to = btf__new_empty()};
    int status = trim.from && trim.to ? read_roots(&trim) : -1;
    if (!trim.from)
        perror(argv[1]);
    if (status == 0)
        trim.copies = calloc(btf__type_cnt(trim.from), sizeof(*trim.copies));
    if (!trim.copies)
        status = -1;
    for (size_t i = 0; status == 0 && i < trim.root_count; i++)
        status = copy_root(&trim, &trim.roots[i]) < 0 ? -1 : 0;
    if (status == 0)
        status = write_file(trim.to, argv[2]);
    for (size_t i = 0; i < trim.root_count; i++)
        free(trim.roots[i].type);
    free(trim.roots);
    free(trim.copies);
    btf__free(trim.to);
    btf__free(trim.from);
    return status == 0 ? 0 : 1;
}
