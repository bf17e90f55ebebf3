/* SPDX-License-Identifier: Apache-2.0 */
/* What an object's GOT slots get in this runtime: one table, made from imports.def. */
#ifndef REXC_RUNTIME_USER_IMPORTS_H
#define REXC_RUNTIME_USER_IMPORTS_H

#include <stdbool.h>
#include <stdint.h>

/* The value of an import's GOT slot: a stub's address, an offset from GS base, a field's offset.
 * False when the list has no such symbol. */
bool imports_resolve(const char *symbol, uint64_t *value);

#endif
