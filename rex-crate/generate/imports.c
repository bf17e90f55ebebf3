/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Writes the crate's view of runtime/abi, so that nothing of it is typed twice:
 *   imports abi        constants of rex_abi.h
 *   imports functions  one import!/import_noreturn! invocation for each function of imports.def
 *   imports fields     one field! invocation for each field of a kernel structure in imports.def
 *   imports names      names that no program and no map may take
 *   imports roots      STRUCTURE.FIELD a line, for trim
 */
#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_imports.h"
#include <stdio.h>
#include <string.h>

enum { RETURNS, NORETURN };

struct function {
    const char *name;
    int noreturn;
    const char *signature; /* "fn(a: T, ...) -> U" */
};

static const struct function functions[] = {
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    {#name, returns, signature},
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind)
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD
};

struct field {
    const char *structure;
    const char *field;
    unsigned size;
    enum rex_field_kind kind;
};

static const struct field fields[] = {
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind) {#structure, #field, size, REX_FIELD_##kind},
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD
};

static const char *const variables[] = {
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)
#define REX_IMPORT_PERCPU(name, types) #name,
#define REX_IMPORT_FIELD(structure, field, size, kind)
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void write_header(const char *source)
{
    printf("// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0\n"
           "// Made from runtime/abi/%s by rex-crate/generate/imports.c. Do not edit.\n\n",
           source);
}

static void write_constant(const char *name, const char *type, unsigned long long value)
{
    printf("pub const %s: %s = %llu;\n", name, type, value);
}

static int write_abi(void)
{
    write_header("rex_abi.h");
    write_constant("LOG_MAX", "usize", REX_LOG_MAX);
    write_constant("CPU_NUMBER", "usize", REX_CPU_NUMBER);
    write_constant("CPU_NUMA_NODE", "usize", REX_CPU_NUMA_NODE);
    write_constant("MAP_DEFINITION_SIZE", "usize", sizeof(struct rex_map_definition));
    write_constant("MAP_DEFINITION_MAP", "usize",
                   __builtin_offsetof(struct rex_map_definition, map));
    write_constant("MAP_DEFINITION_VALUES", "usize",
                   __builtin_offsetof(struct rex_map_definition, values));
    return 0;
}

static int write_functions(void)
{
    write_header("imports.def");
    printf("use core::ffi::c_void;\n\n");
    for (size_t i = 0; i < COUNT(functions); i++) {
        const struct function *function = &functions[i];
        const char *parameters = function->signature + strlen("fn");
        if (function->noreturn == NORETURN) {
            const char *end = strstr(parameters, " -> !");
            printf("import_noreturn! { fn %s%.*s = \"__rex_import_%s\"; }\n", function->name,
                   (int)(end - parameters), parameters, function->name);
        } else {
            printf("import! { fn %s%s = \"__rex_import_%s\"; }\n", function->name, parameters,
                   function->name);
        }
    }
    return 0;
}

/* The Rust type of a field; false when there is none. */
static int field_type(const struct field *field, char *type, size_t size)
{
    switch (field->kind) {
    case REX_FIELD_POINTER:
        snprintf(type, size, "*const u8");
        return field->size == 8;
    case REX_FIELD_BYTES:
        snprintf(type, size, "[u8; %u]", field->size);
        return field->size > 0;
    case REX_FIELD_SIGNED:
    case REX_FIELD_UNSIGNED:
        snprintf(type, size, "%c%u", field->kind == REX_FIELD_SIGNED ? 'i' : 'u', field->size * 8);
        return field->size == 1 || field->size == 2 || field->size == 4 || field->size == 8;
    }
    return 0;
}

static int write_fields(void)
{
    write_header("imports.def");
    for (size_t i = 0; i < COUNT(fields); i++) {
        char type[32];
        if (!field_type(&fields[i], type, sizeof(type))) {
            fprintf(stderr, "imports.def: %s.%s has no Rust type\n", fields[i].structure,
                    fields[i].field);
            return 1;
        }
        if (i == 0 || strcmp(fields[i].structure, fields[i - 1].structure) != 0)
            printf("%spub(crate) mod %s {\n", i == 0 ? "" : "}\n\n", fields[i].structure);
        printf("    field! { %s.%s: %s }\n", fields[i].structure, fields[i].field, type);
    }
    printf("}\n");
    return 0;
}

static int write_names(void)
{
    write_header("imports.def");
    printf("pub const IMPORTS: &[&str] = &[\n");
    for (size_t i = 0; i < COUNT(functions); i++)
        printf("    \"%s\",\n", functions[i].name);
    for (size_t i = 0; i < COUNT(variables); i++)
        printf("    \"%s\",\n", variables[i]);
    printf("];\n");
    return 0;
}

static int write_roots(void)
{
    for (size_t i = 0; i < COUNT(fields); i++)
        printf("%s.%s\n", fields[i].structure, fields[i].field);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*write)(void);
    } outputs[] = {
        {"abi", write_abi},     {"functions", write_functions}, {"fields", write_fields},
        {"names", write_names}, {"roots", write_roots},
    };
    for (size_t i = 0; argc == 2 && i < COUNT(outputs); i++) {
        if (strcmp(argv[1], outputs[i].name) == 0) {
            int failed = outputs[i].write();
            return failed || fflush(stdout) != 0;
        }
    }
    fprintf(stderr, "usage: %s abi|functions|fields|names|roots\n", argv[0]);
    return 2;
}
