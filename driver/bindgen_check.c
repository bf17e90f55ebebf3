/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/bindgen_check.h"
#include "base/memory.h"
#include <bpf/btf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* Far more than the types of a kernel have: the deepest nest some 20 levels with their typedefs,
 * the largest have some 10,000 members with those of their members. */
#define NESTING_MAX 64
#define PARTS_MAX 100000

/* A type with what it contains. */
struct extent {
    uint32_t parts; /* 0 for one that was not looked at */
    uint32_t levels;
};

struct check {
    const struct btf *btf;
    struct extent *extents; /* by type */
    const char *problem;
};

static bool is_identifier(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789")] ==
               '\0' &&
           !(name[0] >= '0' && name[0] <= '9');
}

/* A name may be empty. */
static void check_name(struct check *check, uint32_t offset)
{
    const char *name = btf__name_by_offset(check->btf, offset);
    if (!name)
        check->problem = "a name lies outside the names";
    else if (!is_identifier(name))
        check->problem = "a name is not an identifier of C";
}

static void look_at(struct check *check, uint32_t type, unsigned depth);

static void look_at_part(struct check *check, uint32_t part, unsigned depth, struct extent *whole)
{
    look_at(check, part, depth + 1);
    if (check->problem)
        return;
    const struct extent *extent = &check->extents[part];
    whole->parts += extent->parts;
    if (whole->levels <= extent->levels)
        whole->levels = extent->levels + 1;
    if (whole->levels > NESTING_MAX)
        check->problem = "a type nests over 64 levels";
    else if (whole->parts > PARTS_MAX)
        check->problem = "a type has over 100000 parts";
}

/* Each type is looked at once. */
static void look_at(struct check *check, uint32_t type, unsigned depth)
{
    const struct btf_type *t = btf__type_by_id(check->btf, type);
    struct extent whole = {.parts = 1};

    if (!t)
        check->problem = "a type is not there";
    else if (depth > NESTING_MAX)
        check->problem = "a type contains itself, or nests over 64 levels";
    if (check->problem || check->extents[type].parts)
        return;
    if (!btf_is_float(t) && !btf_is_int(t))
        check_name(check, t->name_off);
    if (btf_is_mod(t) || btf_is_typedef(t) || btf_is_type_tag(t)) {
        look_at_part(check, t->type, depth, &whole);
    } else if (btf_is_array(t)) {
        look_at_part(check, btf_array(t)->type, depth, &whole);
    } else if (btf_is_any_enum(t)) {
        for (unsigned i = 0; i < btf_vlen(t); i++)
            check_name(check,
                       btf_is_enum64(t) ? btf_enum64(t)[i].name_off : btf_enum(t)[i].name_off);
    } else if (btf_is_composite(t)) {
        for (unsigned i = 0; i < btf_vlen(t) && !check->problem; i++) {
            check_name(check, btf_members(t)[i].name_off);
            look_at_part(check, btf_members(t)[i].type, depth, &whole);
        }
    }
    check->extents[type] = whole;
}

const char *bindgen_check(const struct btf *btf, uint32_t type)
{
    struct check check = {.btf = btf,
                          .extents = must_alloc(btf__type_cnt(btf), sizeof(struct extent))};
    look_at(&check, type, 0);
    free(check.extents);
    return check.problem;
}
