// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a field of a kernel structure is, from the running kernel's own BTF: so one object runs on every
 * kernel that has the field, and a field that is gone, moved into a bit field or retyped is an error
 * that names it.
 */
#include <linux/btf.h>
#include <linux/err.h>
#include <linux/string.h>

#include "runtime/kernel/imports.h"
#include "runtime/kernel/symbols.h"

/* Structures within each other that are looked through; the kernel's own limit is no higher. */
#define DEPTH_MAX 8

static u32 kind_of(const struct btf_type *type)
{
	return BTF_INFO_KIND(type->info);
}

static bool is_modifier(const struct btf_type *type)
{
	switch (kind_of(type)) {
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_CONST:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return true;
	default:
		return false;
	}
}

static const struct btf_type *skip_modifiers(const struct btf *btf, const struct btf_type *type)
{
	while (type && is_modifier(type))
		type = btf_type_by_id(btf, type->type);
	return type;
}

/* Bytes of a type, as far as fields have such; 0 for others. */
static u32 size_of(const struct btf *btf, const struct btf_type *type)
{
	const struct btf_array *array = (const void *)(type + 1);
	const struct btf_type *element;

	switch (kind_of(type)) {
	case BTF_KIND_PTR:
		return sizeof(void *);
	case BTF_KIND_INT:
		return type->size;
	case BTF_KIND_ARRAY:
		element = skip_modifiers(btf, btf_type_by_id(btf, array->type));
		return element && kind_of(element) == BTF_KIND_INT ? array->nelems * element->size : 0;
	default:
		return 0;
	}
}

static bool has_kind(const struct btf_type *type, enum rex_field_kind kind)
{
	switch (kind) {
	case REX_FIELD_SIGNED:
		return kind_of(type) == BTF_KIND_INT && btf_int_encoding(type) & BTF_INT_SIGNED;
	case REX_FIELD_UNSIGNED:
		return kind_of(type) == BTF_KIND_INT && !(btf_int_encoding(type) & BTF_INT_SIGNED);
	case REX_FIELD_POINTER:
		return kind_of(type) == BTF_KIND_PTR;
	case REX_FIELD_BYTES:
		return kind_of(type) == BTF_KIND_ARRAY;
	}
	return false;
}

/*
 * Finds the member, also in unnamed structures and unions within, as C does. Returns its type, or NULL;
 * *bits is its offset. A bit field is not found.
 */
static const struct btf_type *find_member(const struct btf *btf, const struct btf_type *type,
					  const char *name, u32 *bits, u32 depth)
{
	const struct btf_member *member = (const void *)(type + 1);
	u32 i;

	for (i = 0; i < btf_type_vlen(type); i++, member++) {
		const char *member_name = rex_kernel_btf_name_by_offset(btf, member->name_off);
		const struct btf_type *member_type = skip_modifiers(btf, btf_type_by_id(btf, member->type));
		const u32 offset = __btf_member_bit_offset(type, member);

		if (!member_type || !member_name || __btf_member_bitfield_size(type, member) != 0)
			continue;
		if (strcmp(member_name, name) == 0) {
			*bits = offset;
			return member_type;
		}
		if (member_name[0] == '\0' && btf_type_is_struct(member_type) && depth < DEPTH_MAX) {
			u32 inner;
			const struct btf_type *found =
				find_member(btf, member_type, name, &inner, depth + 1);

			if (found) {
				*bits = offset + inner;
				return found;
			}
		}
	}
	return NULL;
}

int rex_field_offset(const struct rex_import *field, u64 *offset, struct rex_message *message)
{
	struct btf *btf = rex_kernel_bpf_get_btf_vmlinux();
	const struct btf_type *type;
	u32 bits = 0;
	s32 id;

	if (IS_ERR_OR_NULL(btf))
		return rex_refuse(message, -EOPNOTSUPP,
				  "this kernel has no BTF, so fields of its structures cannot be found");
	id = rex_kernel_btf_find_by_name_kind(btf, field->structure, BTF_KIND_STRUCT);
	if (id < 0)
		return rex_refuse(message, -ENOENT, "this kernel has no struct %s", field->structure);
	type = find_member(btf, btf_type_by_id(btf, id), field->field, &bits, 0);
	if (!type || bits % 8 != 0)
		return rex_refuse(message, -ENOENT, "struct %s of this kernel has no field %s",
				  field->structure, field->field);
	if (!has_kind(type, field->field_kind) || size_of(btf, type) != field->size)
		return rex_refuse(message, -EPROTOTYPE,
				  "field %s of this kernel's struct %s is of another type than the object was made for (kind %u, %u bytes)",
				  field->field, field->structure, BTF_INFO_KIND(type->info),
				  size_of(btf, type));
	*offset = bits / 8;
	return 0;
}
