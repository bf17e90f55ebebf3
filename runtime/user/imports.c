/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/imports.h"

#include "runtime/abi/rex_imports.h"
#include "runtime/user/cpu.h"
#include "runtime/user/host.h"
#include "runtime/user/structures.h"

#include <stddef.h>
#include <string.h>

/* The stubs of import_stubs.S. */
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    extern const char import_##name[];
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind)
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD

/* Every listed function is declared in host.h, and every listed field is in structures.h with the
 * size that the list gives it; otherwise this does not compile. */
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    _Static_assert(sizeof(&host_##name) == sizeof(void *), #name " is implemented");
#define REX_IMPORT_PERCPU(name, types)                                                             \
    _Static_assert(offsetof(struct cpu, visible) == 0, #name " is at GS base");
#define REX_IMPORT_FIELD(structure, field, size, kind)                                             \
    _Static_assert(sizeof(((struct structure *)0)->field) == (size), #structure "." #field);
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD

#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    {#name, import_##name, 0},
#define REX_IMPORT_PERCPU(name, types) {#name, NULL, 0},
#define REX_IMPORT_FIELD(structure, field, size, kind)                                             \
    {"rex_off." #structure "." #field, NULL, offsetof(struct structure, field)},
static const struct {
    const char *symbol;
    const char *stub; /* functions */
    uint64_t offset;  /* per-CPU data and fields */
} imports[] = {
#include "runtime/abi/imports.def"
};

bool imports_resolve(const char *symbol, uint64_t *value)
{
    for (size_t i = 0; i < sizeof(imports) / sizeof(imports[0]); i++) {
        if (strcmp(imports[i].symbol, symbol) == 0) {
            *value = imports[i].stub ? (uint64_t)imports[i].stub : imports[i].offset;
            return true;
        }
    }
    return false;
}
