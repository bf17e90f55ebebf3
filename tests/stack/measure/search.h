/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks for the packet that drives a program deepest: runs at full speed on painted stacks,
 * changing a few bytes of the best packet so far at a time. Deterministic for a seed.
 */
#ifndef REXC_TESTS_STACK_MEASURE_SEARCH_H
#define REXC_TESTS_STACK_MEASURE_SEARCH_H

#include "tests/stack/measure/step.h"

#include <stdint.h>

#define INPUT_MAX 1514
#define INPUT_SIZE 192 /* of packets that are made up */

struct capture;

struct input {
    uint8_t bytes[INPUT_MAX];
    uint32_t size;
    struct usage usage; /* painted */
};

struct search {
    struct input program; /* deepest on the program's stack */
    struct input panic;   /* deepest on the panic stack; end is RUN_RETURNED when there is none */
    struct input panics;  /* deepest on the program's stack of the runs that panicked; the same */
    /* The first byte of these is as low as it can be: random programs do less work then. */
    uint64_t ends[RUN_FAULTED + 1];
    uint64_t guards; /* runs that hit a guard page or faulted */
    uint32_t program_painted, panic_painted;
};

uint64_t search_random(uint64_t *state);
struct frame search_frame(const struct input *input);
/* Begins with the packets of a capture, if there is one. Returns 0 or -errno. */
int search_deepest(struct runtime *runtime, const struct capture *capture, uint64_t seed,
                   unsigned runs, struct search *search);

#endif
