/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/stack.h"

#include "runtime/abi/rex_abi.h"

#include <errno.h>
#include <sys/mman.h>

int stack_create(struct stack *stack, size_t size)
{
    size_t usable = (size + REX_PAGE_SIZE - 1) / REX_PAGE_SIZE * REX_PAGE_SIZE;
    size_t total = STACK_GUARD + usable + REX_PAGE_SIZE;
    uint8_t *mapping =
        mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (mapping == MAP_FAILED)
        return -errno;
    if (mprotect(mapping + STACK_GUARD, usable, PROT_READ | PROT_WRITE) != 0) {
        int error = errno;
        munmap(mapping, total);
        return -error;
    }
    *stack = (struct stack){.mapping = mapping,
                            .mapping_size = total,
                            .base = mapping + STACK_GUARD,
                            .top = mapping + STACK_GUARD + usable};
    return 0;
}

void stack_destroy(struct stack *stack)
{
    if (stack->mapping)
        munmap(stack->mapping, stack->mapping_size);
    *stack = (struct stack){0};
}

bool stack_contains(const struct stack *stack, uint64_t address)
{
    return address >= (uintptr_t)stack->base && address <= (uintptr_t)stack->top;
}

bool stack_guards(const struct stack *stack, uint64_t address)
{
    uintptr_t start = (uintptr_t)stack->mapping;
    return address >= start && address < start + stack->mapping_size &&
           !(address >= (uintptr_t)stack->base && address < (uintptr_t)stack->top);
}
