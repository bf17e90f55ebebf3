/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols, programs and maps: what a loader offers to the kernel. */
#include "linker/tables.h"
#include "linker/verify_rules.h"

#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LENGTH 63u

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* Loaders find programs, maps and handlers by name. */
static void refuse_double_names(struct verify *verify)
{
    const struct object *object = verify->object;
    const char **names = calloc(object->symbol_count + 1, sizeof(*names));
    size_t count = 0;

    if (!names) {
        verify->out_of_memory = true;
        return;
    }
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (symbol->bind != STB_LOCAL || strncmp(symbol->name, "__", 2) == 0)
            names[count++] = symbol->name;
    }
    qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(names[i], names[i - 1]) == 0)
            refuse(verify, "two symbols are called %s", names[i]);
    }
    free(names);
}

void rule_symbols(struct verify *verify)
{
    const struct object *object = verify->object;

    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        bool in_section = symbol->section != SHN_UNDEF && symbol->section < object->section_count;
        const struct object_section *section =
            in_section ? &object->sections[symbol->section] : NULL;

        if (strncmp(symbol->name, "__cfi_", 6) == 0)
            refuse_at(verify, symbol->value, "%s is left of kcfi", symbol->name);
        /* The analysis of the stack would leave out pointers on its word. */
        if (strncmp(symbol->name, TABLES_SYMBOL, strlen(TABLES_SYMBOL)) == 0)
            refuse_at(verify, symbol->value, "%s is left of the build", symbol->name);
        if (symbol->type > STT_FILE || symbol->bind > STB_WEAK)
            refuse_at(verify, symbol->value, "symbol %s has type %u and binding %u", symbol->name,
                      symbol->type, symbol->bind);
        else if (symbol->section >= SHN_LORESERVE && symbol->section != SHN_ABS)
            refuse(verify, "symbol %s is in section 0x%x", symbol->name, symbol->section);
        else if (section && symbol->type != STT_SECTION && symbol->type != STT_FILE &&
                 (symbol->value < section->address ||
                  symbol->value - section->address > section->size ||
                  symbol->size > section->size - (symbol->value - section->address)))
            refuse_at(verify, symbol->value, "symbol %s is not inside its section %s", symbol->name,
                      section->name);
        else if ((symbol->type == STT_FUNC && symbol->section != SHN_UNDEF &&
                  !(section && (section->flags & SHF_EXECINSTR))) ||
                 ((symbol->type == STT_OBJECT || symbol->type == STT_NOTYPE) && section &&
                  (section->flags & SHF_EXECINSTR)))
            refuse_at(verify, symbol->value,
                      "symbol %s: functions, and nothing else, have names in "
                      "executable sections",
                      symbol->name);
    }
    refuse_double_names(verify);
}

static bool is_program_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    size_t length = strlen(name);
    return length > 0 && length <= NAME_MAX_LENGTH && strspn(name, letters) == length &&
           !(name[0] >= '0' && name[0] <= '9') && strncmp(name, "__", 2) != 0;
}

/* Whether exactly one function symbol has that address. */
static bool has_one_name(const struct object *object, uint64_t address)
{
    const struct object_function *function = object_function_at(object, address);
    const struct object_function *end = object->functions + object->function_count;
    return function && (function + 1 == end || function[1].address != address);
}

void rule_programs(struct verify *verify)
{
    const struct object *object = verify->object;
    size_t count = 0;

    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (!is_program(object, symbol))
            continue;
        count++;
        if (symbol->bind != STB_GLOBAL || symbol->visibility != STV_DEFAULT)
            refuse_at(verify, symbol->value, "%s is in a program section but is not global",
                      symbol->name);
        if (!is_program_name(symbol->name))
            refuse_at(verify, symbol->value, "'%s' is no name for a program", symbol->name);
        if (!has_one_name(object, symbol->value))
            refuse_at(verify, symbol->value, "%s has another name at the same address",
                      symbol->name);
    }
    if (count == 0)
        refuse(verify, "the object has no program");
}

void rule_required_symbols(struct verify *verify)
{
    static const char *const names[] = {REX_SYMBOL_HANDLE_TIMEOUT, REX_SYMBOL_PANIC_BODY};
    const struct object *object = verify->object;

    for (size_t i = 0; i < 2; i++) {
        const struct object_symbol *symbol = object_symbol(object, names[i]);
        if (!symbol || symbol->type != STT_FUNC || symbol->bind != STB_GLOBAL ||
            symbol->section == SHN_UNDEF || symbol->section >= object->section_count ||
            is_program(object, symbol))
            refuse(verify, "%s is not a global function of the object", names[i]);
    }
    /* It is entered with the registers and the stack of any instruction: nothing it could do is
     * safe but to hand over. */
    const struct object_symbol *handler = object_symbol(object, REX_SYMBOL_HANDLE_TIMEOUT);
    const struct object_symbol *thunk = object_symbol(object, "__rex_import_rex_timeout");
    const uint8_t *bytes = handler ? object_bytes_at(object, handler->value, 9) : NULL;
    int32_t distance = 0;
    if (bytes)
        memcpy(&distance, bytes + 5, sizeof(distance));
    if (handler &&
        (!bytes || !thunk || handler->size != 9 || memcmp(bytes, "\xf3\x0f\x1e\xfa\xe9", 5) != 0 ||
         handler->value + 9 + (uint64_t)(int64_t)distance != thunk->value))
        refuse_at(verify, handler->value,
                  "%s is not exactly endbr64 and a jmp to "
                  "__rex_import_rex_timeout",
                  names[0]);
}

/* The definition at offset of .maps, copied: sections need not be aligned in the file. */
static struct rex_map_definition
definition_at(const struct object *object, const struct object_section *section, uint64_t offset)
{
    struct rex_map_definition definition;
    memcpy(&definition, object_section_bytes(object, section) + offset, sizeof(definition));
    return definition;
}

void rule_maps(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_section *section = object_section(object, ".maps");

    if (!section)
        return;
    size_t count = section->size / REX_MAP_SIZE;
    uint8_t *names = calloc(count + 1, 1);
    if (!names) {
        verify->out_of_memory = true;
        return;
    }
    if (section->size % REX_MAP_SIZE || section->address % 8)
        refuse_at(verify, section->address, ".maps is not made of aligned definitions of %zu bytes",
                  REX_MAP_SIZE);
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (symbol->section >= object->section_count ||
            &object->sections[symbol->section] != section || symbol->type == STT_SECTION)
            continue;
        uint64_t offset = symbol->value - section->address;
        if (symbol->type != STT_OBJECT || symbol->bind != STB_GLOBAL ||
            symbol->size != REX_MAP_SIZE || offset % REX_MAP_SIZE || offset / REX_MAP_SIZE >= count)
            refuse_at(verify, symbol->value, "%s is not a global object of one whole definition",
                      symbol->name);
        else if (!is_program_name(symbol->name) || names[offset / REX_MAP_SIZE]++)
            refuse_at(verify, symbol->value, "'%s' is no name for a map, or a second one",
                      symbol->name);
    }
    for (size_t i = 0; i < count; i++) {
        struct rex_map_definition definition = definition_at(object, section, i * REX_MAP_SIZE);
        uint64_t address = section->address + i * REX_MAP_SIZE;
        if (!names[i])
            refuse_at(verify, address, "definition %zu of .maps has no name", i);
        if (definition.reserved != 0 || definition.map != 0 || definition.values != 0)
            refuse_at(verify, address, "reserved members of map definition %zu are not 0", i);
    }
    free(names);
}

/* What the kernel takes at BPF_MAP_CREATE (kernel/bpf: arraymap.c, hashtab.c, queue_stack_maps.c,
 * ringbuf.c, stackmap.c), with upper limits that every machine can allocate. */
struct map_form {
    uint32_t type;
    uint32_t key_min, key_max;     /* bytes */
    uint32_t value_min, value_max; /* bytes */
    uint32_t entries_min, entries_max;
    uint32_t flags;
};

#define ACCESS_FLAGS (BPF_F_RDONLY | BPF_F_WRONLY)
#define KEY_MAX 512u          /* MAX_BPF_STACK */
#define VALUE_MAX (1u << 22)  /* KMALLOC_MAX_SIZE */
#define PERCPU_MAX (1u << 15) /* PCPU_MIN_UNIT_SIZE */
#define ENTRIES_MAX (1u << 24)

static const struct map_form map_forms[] = {
    {BPF_MAP_TYPE_HASH, 1, KEY_MAX, 1, VALUE_MAX, 1, ENTRIES_MAX, ACCESS_FLAGS | BPF_F_NO_PREALLOC},
    {BPF_MAP_TYPE_ARRAY, 4, 4, 1, VALUE_MAX, 1, ENTRIES_MAX, ACCESS_FLAGS},
    {BPF_MAP_TYPE_PERCPU_ARRAY, 4, 4, 1, PERCPU_MAX, 1, ENTRIES_MAX, ACCESS_FLAGS},
    {BPF_MAP_TYPE_QUEUE, 0, 0, 1, VALUE_MAX, 1, ENTRIES_MAX, ACCESS_FLAGS},
    {BPF_MAP_TYPE_STACK, 0, 0, 1, VALUE_MAX, 1, ENTRIES_MAX, ACCESS_FLAGS},
    {BPF_MAP_TYPE_RINGBUF, 0, 0, 0, 0, REX_PAGE_SIZE, 1u << 30, 0},
    {BPF_MAP_TYPE_STACK_TRACE, 4, 4, 8, 127 * 8, 1, ENTRIES_MAX, 0},
    {BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 4, 4, 0, ENTRIES_MAX, ACCESS_FLAGS},
};

static bool fits(uint32_t value, uint32_t least, uint32_t most)
{
    return value >= least && value <= most;
}

void rule_map_types(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct object_section *section = object_section(object, ".maps");
    unsigned types = 0;

    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (is_program(object, symbol))
            types |= 1u << program_type_of_section(object->sections[symbol->section].name);
    }
    for (uint64_t at = 0; section && at + REX_MAP_SIZE <= section->size; at += REX_MAP_SIZE) {
        struct rex_map_definition map = definition_at(object, section, at);
        const struct map_form *form = map_forms;
        const struct map_form *end = map_forms + sizeof(map_forms) / sizeof(map_forms[0]);
        while (form < end && form->type != map.type)
            form++;
        if (form == end) {
            refuse_at(verify, section->address + at, "map type %u is not supported", map.type);
            continue;
        }
        if (!fits(map.key_size, form->key_min, form->key_max) ||
            !fits(map.value_size, form->value_min, form->value_max) ||
            !fits(map.max_entries, form->entries_min, form->entries_max) ||
            (map.type == BPF_MAP_TYPE_STACK_TRACE && map.value_size % 8) ||
            (map.type == BPF_MAP_TYPE_RINGBUF && (map.max_entries & (map.max_entries - 1))))
            refuse_at(verify, section->address + at,
                      "a map of type %u with key size %u, value size %u, %u entries", map.type,
                      map.key_size, map.value_size, map.max_entries);
        if ((map.flags & ~form->flags) || (map.flags & ACCESS_FLAGS) == ACCESS_FLAGS)
            refuse_at(verify, section->address + at, "a map of type %u with flags 0x%x", map.type,
                      map.flags);
        /* kernel/bpf/verifier.c check_map_prog_compatibility(): a program that may interrupt the
         * allocator must not allocate. */
        if ((map.flags & BPF_F_NO_PREALLOC) && (types & REX_TYPE_TRACING))
            refuse_at(verify, section->address + at,
                      "a map that is not preallocated, beside a tracing program");
    }
}
