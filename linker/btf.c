/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/btf.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/btf_types.h"
#include "linker/maps.h"
#include "linker/object.h"

#include <bpf/btf.h>
#include <dwarf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

/* Each member of a map's struct is a pointer. */
#define POINTER_SIZE 8

struct writer {
    const struct object *object;
    struct btf *btf;
    struct btf_types *types;
    Elf *elf;
    Dwarf *dwarf; /* NULL when the object has none */
};

/* -- The variables behind the maps ------------------------------------------------------------ */

/* Whether a variable stands at that address: its location is one DW_OP_addr. */
static bool is_at(Dwarf_Die *variable, uint64_t address)
{
    Dwarf_Attribute attribute;
    Dwarf_Op *operations;
    size_t count;
    return dwarf_attr(variable, DW_AT_location, &attribute) &&
           dwarf_getlocation(&attribute, &operations, &count) == 0 && count == 1 &&
           operations[0].atom == DW_OP_addr && operations[0].number == address;
}

/* Finds the variable at that address among the children of a unit or namespace. */
static bool find_variable(Dwarf_Die *parent, uint64_t address, unsigned depth, Dwarf_Die *variable)
{
    Dwarf_Die child;
    if (depth == 0)
        return false;
    for (int end = dwarf_child(parent, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        int tag = dwarf_tag(&child);
        if (tag == DW_TAG_variable && is_at(&child, address)) {
            *variable = child;
            return true;
        }
        if (tag == DW_TAG_namespace && find_variable(&child, address, depth - 1, variable))
            return true;
    }
    return false;
}

/* Modules nest at most so deep here. */
#define NAMESPACE_DEPTH 64

static bool find_map_variable(struct writer *writer, uint64_t address, Dwarf_Die *variable)
{
    Dwarf_Die unit;
    /* .debug_aranges names the unit at once; a unit that it leaves out is found the long way. */
    if (dwarf_addrdie(writer->dwarf, address, &unit) &&
        find_variable(&unit, address, NAMESPACE_DEPTH, variable))
        return true;
    Dwarf_Off offset = 0, next;
    size_t header_size;
    while (dwarf_nextcu(writer->dwarf, offset, &next, &header_size, NULL, NULL, NULL) == 0) {
        if (dwarf_offdie(writer->dwarf, offset + header_size, &unit) &&
            find_variable(&unit, address, NAMESPACE_DEPTH, variable))
            return true;
        offset = next;
    }
    return false;
}

/* The type parameter of that name of a generic type. */
static bool find_parameter(Dwarf_Die *type, const char *name, Dwarf_Die *parameter)
{
    Dwarf_Die child;
    Dwarf_Attribute attribute;
    for (int end = dwarf_child(type, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        const char *child_name = dwarf_diename(&child);
        if (dwarf_tag(&child) == DW_TAG_template_type_parameter && child_name &&
            strcmp(child_name, name) == 0)
            return dwarf_attr_integrate(&child, DW_AT_type, &attribute) &&
                   dwarf_formref_die(&attribute, parameter);
    }
    return false;
}

/* -- The map's types -------------------------------------------------------------------------- */

/* The kernel takes nothing but a 32-bit integer for their keys (array_map_check_btf in
 * kernel/bpf/arraymap.c), so these are known without debug information. */
static bool has_index(const struct rex_map_definition *definition)
{
    return definition->key_size == 4 && (definition->type == BPF_MAP_TYPE_ARRAY ||
                                         definition->type == BPF_MAP_TYPE_PERCPU_ARRAY);
}

/* The BTF type of the map's type parameter K or V, which has to have the size that the definition
 * says; bytes when the DWARF does not tell. 0 for a size of 0; a negative errno value on failure.
 */
static int add_part(struct writer *writer, Dwarf_Die *handle, const char *parameter, uint32_t size)
{
    Dwarf_Die type;
    if (size == 0)
        return 0;
    if (handle && find_parameter(handle, parameter, &type) && dwarf_type_size(&type) == size)
        return btf_types_add(writer->types, &type);
    return btf_types_add_bytes(writer->types, size);
}

/* The type of a member that holds a number: u8 (*)[N]. libbpf looks at N only, and bytes keep the
 * array below the 4 GiB that the kernel allows. */
static int add_number(struct writer *writer, uint32_t number)
{
    int array = btf_types_add_bytes(writer->types, number);
    return array < 0 ? array : btf__add_ptr(writer->btf, array);
}

/* A member of a map's struct: a name and a pointer type. */
struct map_member {
    const char *name;
    int type;
};

static int add_map(struct writer *writer, const struct map_symbol *map, uint32_t *size)
{
    const struct rex_map_definition *definition = &map->definition;
    Dwarf_Die variable, handle, *known = NULL;
    Dwarf_Attribute attribute;

    if (writer->dwarf && find_map_variable(writer, map->address, &variable) &&
        dwarf_attr_integrate(&variable, DW_AT_type, &attribute) &&
        dwarf_formref_die(&attribute, &handle) && dwarf_peel_type(&handle, &handle) == 0)
        known = &handle;

    int key = !known && has_index(definition) ? btf_types_index(writer->types)
                                              : add_part(writer, known, "K", definition->key_size);
    int value = key < 0 ? key : add_part(writer, known, "V", definition->value_size);
    if (value < 0)
        return value;
    if (key > 0)
        key = btf__add_ptr(writer->btf, key);
    if (value > 0)
        value = btf__add_ptr(writer->btf, value);
    struct map_member members[] = {
        {"type", add_number(writer, definition->type)},
        {"max_entries", add_number(writer, definition->max_entries)},
        {"map_flags", add_number(writer, definition->flags)},
        {"key", key},
        {"value", value},
    };
    size_t count = sizeof(members) / sizeof(members[0]);
    *size = 0;
    for (size_t i = 0; i < count; i++) {
        if (members[i].type < 0)
            return members[i].type;
        if (members[i].type > 0)
            *size += POINTER_SIZE;
    }
    int id = btf__add_struct(writer->btf, NULL, *size);
    if (id < 0)
        return id;
    uint32_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        if (members[i].type == 0)
            continue;
        int error = btf__add_field(writer->btf, members[i].name, members[i].type, offset * 8, 0);
        if (error)
            return error;
        offset += POINTER_SIZE;
    }
    char name[BTF_NAME_SIZE];
    btf_identifier(name, map->name);
    return btf__add_var(writer->btf, name, BTF_VAR_GLOBAL_ALLOCATED, id);
}

/* Variables of the DATASEC. Their offsets are their places in a row: the kernel demands that a
 * variable's type fits its place, and a map's struct has another size than its definition in the
 * file. */
static int add_maps(struct writer *writer, const struct map_symbol *maps, size_t count)
{
    uint32_t *sizes = calloc(count, sizeof(*sizes));
    int *variables = calloc(count, sizeof(*variables));
    uint32_t total = 0;
    int result = -ENOMEM;

    if (!sizes || !variables)
        goto out;
    for (size_t i = 0; i < count; i++) {
        result = variables[i] = add_map(writer, &maps[i], &sizes[i]);
        if (result < 0)
            goto out;
        total += sizes[i];
    }
    result = btf__add_datasec(writer->btf, ".maps", total);
    total = 0;
    for (size_t i = 0; i < count && result >= 0; i++) {
        result = btf__add_datasec_var_info(writer->btf, variables[i], total, sizes[i]);
        total += sizes[i];
    }
out:
    free(sizes);
    free(variables);
    return result < 0 ? result : 0;
}

/* An object without debug information, or with a kind that libdw does not know, has no DWARF here.
 */
static void open_dwarf(struct writer *writer)
{
    if (elf_version(EV_CURRENT) == EV_NONE)
        return;
    writer->elf = elf_memory((char *)writer->object->file, writer->object->size);
    if (writer->elf)
        writer->dwarf = dwarf_begin_elf(writer->elf, DWARF_C_READ, NULL);
}

int btf_write(struct diag *diag, const char *name, const struct object *object, struct buffer *out)
{
    struct writer writer = {.object = object};
    struct map_symbol *maps;
    size_t count;
    int result = -ENOMEM;

    if (maps_find(diag, name, object, &maps, &count))
        return -1;
    if (count == 0)
        return 0;
    writer.btf = btf__new_empty();
    writer.types = writer.btf ? btf_types_new(writer.btf) : NULL;
    if (!writer.types)
        goto out;
    open_dwarf(&writer);
    result = add_maps(&writer, maps, count);
    if (result)
        goto out;
    uint32_t size;
    const void *bytes = btf__raw_data(writer.btf, &size);
    result = !bytes || buffer_append(out, bytes, size) ? -ENOMEM : 0;
out:
    btf_types_free(writer.types);
    btf__free(writer.btf);
    dwarf_end(writer.dwarf);
    elf_end(writer.elf);
    free(maps);
    if (result) {
        diag_error(diag, result == -ENOMEM ? DIAG_OUT_OF_MEMORY : DIAG_BTF_MALFORMED, NULL,
                   "cannot write the BTF of %s: %s", name, strerror(-result));
        return -1;
    }
    return 0;
}
