/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The eBPF object that libbpf loads in a Rex object's place: the same maps with the same types, and
 * for each program one of the same name in a section of the same name that does
 * nothing.
 */
#ifndef REXC_LIBREX_STUB_H
#define REXC_LIBREX_STUB_H

#include <stddef.h>

struct diag;
struct note;
struct object;

/* Makes it as an ELF file in memory, to free(). Returns a negative error number. */
int stub_make(struct diag *diag, const struct object *object, const struct note *note, void **bytes,
              size_t *size);

#endif
