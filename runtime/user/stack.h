/* SPDX-License-Identifier: Apache-2.0 */
/* A stack for program text: read-write pages between guards that nothing may touch. */
#ifndef REXC_RUNTIME_USER_STACK_H
#define REXC_RUNTIME_USER_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of guard below a stack: larger than an object's image may be, and so than any single frame
 * that a probe could step over. One page guards the upper end. */
#define STACK_GUARD (1u << 20)

struct stack {
    uint8_t *mapping; /* NULL: none */
    size_t mapping_size;
    uint8_t *base; /* lowest usable byte */
    uint8_t *top;  /* one past the highest, 16-byte aligned */
};

/* Maps a stack with at least size usable bytes. Returns 0 or -errno. */
int stack_create(struct stack *stack, size_t size);
void stack_destroy(struct stack *stack);
/* Whether the address lies in the usable part; in one of the guards. Async-signal-safe. */
bool stack_contains(const struct stack *stack, uint64_t address);
bool stack_guards(const struct stack *stack, uint64_t address);

#endif
