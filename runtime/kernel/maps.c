// SPDX-License-Identifier: GPL-2.0-only
/*
 * The maps of an object. They are ordinary BPF maps that the loader has made; native code computes with their
 * addresses, so each must be what the code was compiled for, whoever made it.
 */
#include <linux/bpf.h>
#include <linux/mm.h>
#include <linux/version.h>

#include "runtime/kernel/elf.h"
#include "runtime/kernel/note.h"
#include "runtime/kernel/object.h"

#define ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY)

/* The types that programs have imports for, and the flags that they may have (docs/object-format.md, map-types). */
static const struct {
	u32 type;
	u32 flags;
} forms[] = {
	{BPF_MAP_TYPE_HASH, ACCESS_FLAGS | BPF_F_NO_PREALLOC},
	{BPF_MAP_TYPE_ARRAY, ACCESS_FLAGS},
	{BPF_MAP_TYPE_PERCPU_ARRAY, ACCESS_FLAGS},
	{BPF_MAP_TYPE_QUEUE, ACCESS_FLAGS},
	{BPF_MAP_TYPE_STACK, ACCESS_FLAGS},
	{BPF_MAP_TYPE_RINGBUF, 0},
	{BPF_MAP_TYPE_STACK_TRACE, 0},
	{BPF_MAP_TYPE_PERF_EVENT_ARRAY, ACCESS_FLAGS},
};

static bool is_permitted(const struct rex_map_definition *definition, u32 types)
{
	size_t i;

	/* A program that may interrupt the allocator must not allocate. */
	if (definition->flags & BPF_F_NO_PREALLOC && types & REX_TYPE_TRACING)
		return false;
	if ((definition->flags & ACCESS_FLAGS) == ACCESS_FLAGS)
		return false;
	for (i = 0; i < ARRAY_SIZE(forms); i++) {
		if (forms[i].type == definition->type)
			return !(definition->flags & ~forms[i].flags);
	}
	return false;
}

/*
 * Whether the kernel keeps something of its own in the values, by what the map's BTF says: timers, pointers to
 * kernel objects, list heads... A program writes whole values, those included. A spin lock it may have: its value
 * is any number, and whoever takes it finds it free or waits (cleanup.c).
 */
static bool has_kernel_fields(const struct bpf_map *map)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
	return !IS_ERR_OR_NULL(map->record) && map->record->field_mask & ~BPF_SPIN_LOCK;
#else
	return map_value_has_timer(map) || map_value_has_kptrs(map);
#endif
}

/* Whether the map is in memory: one that is offloaded to a device has no operations for programs here. */
static bool is_here(const struct bpf_map *map)
{
	switch (map->map_type) {
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_ARRAY:
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return map->ops->map_lookup_elem && map->ops->map_update_elem && map->ops->map_delete_elem;
	default:
		return true;
	}
}

static int check_map(const struct bpf_map *map, const struct rex_map_definition *definition, const char *name,
		     struct rex_message *message)
{
	if (map->map_type != definition->type || map->key_size != definition->key_size ||
	    map->value_size != definition->value_size || map->max_entries != definition->max_entries ||
	    map->map_flags != definition->flags)
		return rex_refuse(message, -EINVAL,
				  "map %.64s: the given map has type %u, key %u, value %u, entries %u, flags 0x%x, the program was made for %u, %u, %u, %u, 0x%x",
				  name, map->map_type, map->key_size, map->value_size, map->max_entries,
				  map->map_flags, definition->type, definition->key_size,
				  definition->value_size, definition->max_entries, definition->flags);
	if (has_kernel_fields(map))
		return rex_refuse(message, -EINVAL,
				  "map %.64s: by its BTF the kernel keeps timers or pointers in its values, which a program would overwrite",
				  name);
	if (!is_here(map))
		return rex_refuse(message, -EINVAL, "map %.64s: it is on a device, where programs cannot reach it",
				  name);
	return 0;
}

static int take_map(struct rex_object *object, const struct rex_elf *elf, const struct rex_note *note,
		    u32 index, int fd, struct rex_message *message)
{
	const struct rex_note_map *entry = &note->maps[index];
	const char *name = rex_note_string(note, entry->name);
	struct rex_map_definition definition;
	const u8 *bytes = rex_elf_at(elf, entry->address, sizeof(definition));
	struct bpf_map *map;
	int error;

	/* Those of the note are in the order of their addresses, and as many as .maps has places for. */
	if (!bytes || entry->address != elf->maps_start + index * sizeof(definition) ||
	    !rex_elf_has_object(elf, name, entry->address))
		return rex_refuse(message, -ENOEXEC, "REX0719: map %.64s is not in its place in .maps", name);
	memcpy(&definition, bytes, sizeof(definition));
	if (definition.map != 0 || definition.values != 0 || definition.reserved != 0)
		return rex_refuse(message, -ENOEXEC, "REX0719: map %.64s: unused members are not 0", name);
	if (!is_permitted(&definition, rex_note_types(note)))
		return rex_refuse(message, -EOPNOTSUPP,
				  "REX0720: map %.64s: type %u with flags 0x%x is not for programs of this object's types",
				  name, definition.type, definition.flags);
	map = bpf_map_get(fd);
	if (IS_ERR(map))
		return rex_refuse(message, PTR_ERR(map), "map %.64s: descriptor %d is not of a BPF map", name,
				  fd);
	error = check_map(map, &definition, name, message);
	if (error) {
		bpf_map_put(map);
		return error;
	}
	object->maps[index] = map;
	rex_image_put(&object->image, entry->address + offsetof(struct rex_map_definition, map), (u64)map);
	if (map->map_type == BPF_MAP_TYPE_ARRAY)
		rex_image_put(&object->image, entry->address + offsetof(struct rex_map_definition, values),
			      (u64)container_of(map, struct bpf_array, map)->value);
	return 0;
}

int rex_object_take_maps(struct rex_object *object, const struct rex_elf *elf, const struct rex_note *note,
			 const struct rex_ioc_load *load, const s32 *map_fds, struct rex_message *message)
{
	const u32 defined = (elf->maps_end - elf->maps_start) / sizeof(struct rex_map_definition);
	int error = 0;
	u32 i;

	if (load->map_count != note->header->maps.count || defined != note->header->maps.count ||
	    elf->map_count != defined)
		return rex_refuse(message, -EINVAL,
				  "the note names %u maps, the object defines %u, and %u were given",
				  note->header->maps.count, defined, load->map_count);
	object->maps = kvcalloc(load->map_count + 1, sizeof(*object->maps), GFP_KERNEL);
	if (!object->maps)
		return rex_refuse(message, -ENOMEM, "no memory for the maps");
	object->map_count = load->map_count;
	for (i = 0; i < load->map_count && !error; i++)
		error = take_map(object, elf, note, i, map_fds[i], message);
	return error;
}
