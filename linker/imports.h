/* SPDX-License-Identifier: Apache-2.0 */
/* What an object may import (runtime/abi/imports.def as a table), program types and licenses. */
#ifndef REXC_LINKER_IMPORTS_H
#define REXC_LINKER_IMPORTS_H

#include "runtime/abi/rex_imports.h"

#include <stdbool.h>
#include <stddef.h>

/* The table, in the order of imports.def; index from 0 to import_count() - 1. */
size_t import_count(void);
const struct rex_import *import_at(size_t index);
/* The import with that symbol name ("bpf_ktime_get_ns", "rex_off.task_struct.pid"); NULL when there
 * is none. */
const struct rex_import *import_find(const char *symbol);

/* "kprobe", "tracepoint", "perf_event", "xdp", "tc"; NULL for a number that is no program type. */
const char *program_type_name(unsigned type);
/* The REX_PROGRAM_* of that name, or -1. */
int program_type_of_name(const char *name);
/* The REX_PROGRAM_* whose programs live in a section of that name ("xdp", "kprobe/do_sys_open",
 * "tracepoint/syscalls/sys_enter_dup"), or -1 when no program may stand there. */
int program_type_of_section(const char *section);

/* As the kernel's license_is_gpl_compatible() (include/linux/license.h). */
bool license_is_gpl_compatible(const char *license);

#endif
