/* SPDX-License-Identifier: Apache-2.0 */
/* What holds an object's programs in the kernel: pins, links, XDP and tc attachments. */
#ifndef REXC_LOADER_HOLDERS_H
#define REXC_LOADER_HOLDERS_H

#include <stddef.h>
#include <stdint.h>

struct diag;

/* The eBPF programs of an object, by the ids that bpftool prints, and the maps bound to them. */
struct holders {
    uint32_t *programs, *maps;
    size_t program_count, map_count;
};

/* Asks the module which programs object `id` has, and the kernel which maps these have. Reports and
 * returns -1. */
int holders_find(struct diag *diag, int device, uint32_t id, struct holders *holders);
void holders_free(struct holders *holders);

/* Detaches the programs from interfaces, and removes the pins of them, of their links, and of their
 * maps where these are pinned beside a program. What cannot be removed is reported as a warning;
 * returns how often. A program that a process has open, or attached by a link it has open, stays.
 */
unsigned holders_remove(struct diag *diag, const struct holders *holders);

#endif
