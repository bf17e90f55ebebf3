/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/imports.h"

#include <string.h>

/* The words that imports.def uses for a function's columns. */
enum { RETURNS = 0, NORETURN = 1 };
enum { ANY_LICENSE = 0, GPL_ONLY = 1 };

#define REX_IMPORT_FUNCTION(symbol, type_set, returns, stack_bytes, license, rust_signature)       \
    {.name = #symbol,                                                                              \
     .kind = REX_IMPORT_IS_FUNCTION,                                                               \
     .types = (type_set),                                                                          \
     .noreturn = (returns),                                                                        \
     .stack = (stack_bytes),                                                                       \
     .gpl_only = (license)},
#define REX_IMPORT_PERCPU(symbol, type_set)                                                        \
    {.name = #symbol, .kind = REX_IMPORT_IS_PERCPU, .types = (type_set)},
#define REX_IMPORT_FIELD(of_structure, of_field, bytes, kind_of_field)                             \
    {.name = "rex_off." #of_structure "." #of_field,                                               \
     .kind = REX_IMPORT_IS_FIELD,                                                                  \
     .types = REX_TYPE_ALL,                                                                        \
     .structure = #of_structure,                                                                   \
     .field = #of_field,                                                                           \
     .size = (bytes),                                                                              \
     .field_kind = REX_FIELD_##kind_of_field},

static const struct rex_import imports[] = {
#include "runtime/abi/imports.def"
};

static const char *const type_names[REX_PROGRAM_TYPES] = {
    [REX_PROGRAM_KPROBE] = "kprobe",
    [REX_PROGRAM_TRACEPOINT] = "tracepoint",
    [REX_PROGRAM_PERF_EVENT] = "perf_event",
    [REX_PROGRAM_XDP] = "xdp",
    [REX_PROGRAM_TC] = "tc",
};

size_t import_count(void)
{
    return sizeof(imports) / sizeof(imports[0]);
}

const struct rex_import *import_at(size_t index)
{
    return &imports[index];
}

const struct rex_import *import_find(const char *symbol)
{
    for (size_t i = 0; i < import_count(); i++) {
        if (strcmp(imports[i].name, symbol) == 0)
            return &imports[i];
    }
    return NULL;
}

const char *program_type_name(unsigned type)
{
    return type < REX_PROGRAM_TYPES ? type_names[type] : NULL;
}

int program_type_of_name(const char *name)
{
    for (int type = 0; type < REX_PROGRAM_TYPES; type++) {
        if (strcmp(type_names[type], name) == 0)
            return type;
    }
    return -1;
}

/* The length of the name of a kernel symbol, tracepoint category or event at the start of text.
 * Dots are in the names of compiler-made clones (foo.isra.0). */
static size_t kernel_name_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.");
}

int program_type_of_section(const char *section)
{
    static const char kprobe[] = "kprobe/", tracepoint[] = "tracepoint/";

    if (strncmp(section, kprobe, sizeof(kprobe) - 1) == 0) {
        const char *symbol = section + sizeof(kprobe) - 1;
        size_t length = kernel_name_length(symbol);
        return length > 0 && symbol[length] == '\0' ? REX_PROGRAM_KPROBE : -1;
    }
    if (strncmp(section, tracepoint, sizeof(tracepoint) - 1) == 0) {
        const char *category = section + sizeof(tracepoint) - 1;
        size_t length = kernel_name_length(category);
        if (length == 0 || category[length] != '/')
            return -1;
        const char *event = category + length + 1;
        length = kernel_name_length(event);
        return length > 0 && event[length] == '\0' ? REX_PROGRAM_TRACEPOINT : -1;
    }
    /* A tracepoint program without its event's name has no context layout. */
    int type = program_type_of_name(section);
    return type == REX_PROGRAM_TRACEPOINT ? -1 : type;
}

bool license_is_gpl_compatible(const char *license)
{
    static const char *const compatible[] = {
        "GPL",          "GPL v2",       "GPL and additional rights",
        "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL",
    };
    for (size_t i = 0; i < sizeof(compatible) / sizeof(compatible[0]); i++) {
        if (strcmp(license, compatible[i]) == 0)
            return true;
    }
    return false;
}
