/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/context_memory.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
    const uint64_t left = ((const struct context_memory *)a)->address;
    const uint64_t right = ((const struct context_memory *)b)->address;

    return (left > right) - (left < right);
}

const char *context_memory_arrange(struct context_memory *memory, size_t count, uint64_t *at)
{
    const struct context_memory *before = NULL;

    qsort(memory, count, sizeof(*memory), compare);
    for (size_t i = 0; i < count; i++) {
        if (memory[i].size == 0)
            continue;
        *at = memory[i].address;
        if (*at + (memory[i].size - 1) < *at)
            return "go beyond the end of the address space";
        if (before && *at - before->address < before->size)
            return "overlap others";
        before = &memory[i];
    }
    return NULL;
}

bool context_memory_read(const struct context_memory *memory, size_t count, uint64_t address,
                         void *to, size_t size)
{
    uint8_t *next = to;

    for (size_t i = 0; i < count && size > 0; i++) {
        if (address < memory[i].address || address - memory[i].address >= memory[i].size)
            continue;
        const size_t offset = address - memory[i].address;
        const size_t rest = memory[i].size - offset;
        const size_t copied = rest < size ? rest : size;
        memcpy(next, memory[i].bytes + offset, copied);
        next += copied;
        address += copied;
        size -= copied;
    }
    return size == 0;
}
