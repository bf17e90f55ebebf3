/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that a context file lists for bpf_probe_read_kernel(). */
#ifndef REXC_RUNTIME_USER_CONTEXT_MEMORY_H
#define REXC_RUNTIME_USER_CONTEXT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context_memory {
    uint64_t address;
    uint8_t *bytes;
    size_t size;
};

/* Sorts the parts by address. NULL, or what is wrong with the bytes at *at: they overlap others
 * (which would be read?), or pass the end of the address space. */
const char *context_memory_arrange(struct context_memory *memory, size_t count, uint64_t *at);

/* Copies the bytes at [address, address + size) of arranged parts, those that follow each other
 * taken together; false when they are not all there. */
bool context_memory_read(const struct context_memory *memory, size_t count, uint64_t address,
                         void *to, size_t size);

#endif
