/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/measure/search.h"

#include "runtime/user/capture.h"

#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014) */
uint64_t search_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

struct frame search_frame(const struct input *input)
{
    return (struct frame){.data = input->bytes, .captured = input->size, .length = input->size};
}

/* Packets to begin with: those of the capture, constant bytes, counting ones, random ones. */
static void begin(uint64_t *state, const struct capture *capture, size_t number,
                  struct input *input)
{
    static const uint8_t constants[] = {0, 1, 2, 3, 4, 7, 8, 15, 0x55, 0x80, 0xaa, 0xff};

    input->size = INPUT_SIZE;
    if (capture && number < capture->count) {
        const struct frame *frame = &capture->frames[number];
        input->size = frame->captured < INPUT_MAX ? frame->captured : INPUT_MAX;
        memcpy(input->bytes, frame->data, input->size);
        return;
    }
    number -= capture ? capture->count : 0;
    for (unsigned i = 0; i < INPUT_SIZE; i++) {
        if (number < sizeof(constants))
            input->bytes[i] = constants[number];
        else if (number == sizeof(constants))
            input->bytes[i] = (uint8_t)i;
        else if (number % 2)
            input->bytes[i] = (uint8_t)search_random(state);
        else
            input->bytes[i] = (uint8_t)(search_random(state) & 7);
    }
}

static void change(uint64_t *state, struct input *input)
{
    const uint64_t choice = search_random(state);
    const unsigned count = 1 + (unsigned)(choice & 3);

    for (unsigned i = 0; i < count && input->size > 0; i++) {
        const uint64_t random = search_random(state);
        const unsigned range = choice & 0x10 ? input->size
                               : 24 < input->size
                                   ? 24
                                   : input->size; /* what is read first decides most */
        unsigned at = (unsigned)(random >> 32) % range;
        unsigned length = choice & 0x60 ? 1 : (unsigned)(random >> 16) % 16;
        const uint8_t value = (uint8_t)(choice & 0x80 ? random : random & 15);
        for (; length > 0 && at < input->size; length--)
            input->bytes[at++] = value;
    }
}

static void keep(struct input *best, uint32_t before, uint32_t depth, const struct input *input)
{
    if (depth >= before)
        *best = *input;
}

/* Lowers the first byte as far as the depth stays the same. */
static int cheapen(struct runtime *runtime, struct input *input, bool panic)
{
    const struct run_options options = {0};
    const struct usage *best = &input->usage;
    const uint8_t first = input->bytes[0];

    for (unsigned value = 0; value < first; value++) {
        struct usage usage;
        input->bytes[0] = (uint8_t)value;
        const struct frame frame = search_frame(input);
        int error = step_run(runtime, &frame, &options, &usage);
        if (error != 0)
            return error;
        if (usage.end == best->end && (panic ? usage.panic_painted >= best->panic_painted
                                             : usage.program_painted >= best->program_painted))
            return 0;
    }
    input->bytes[0] = first;
    return 0;
}

int search_deepest(struct runtime *runtime, const struct capture *capture, uint64_t seed,
                   unsigned runs, struct search *search)
{
    const struct run_options options = {0};
    const size_t first = runs / 5 + (capture ? capture->count : 0);
    uint64_t state = seed;

    *search = (struct search){0};
    for (size_t i = 0; i < first + runs; i++) {
        struct input input;
        struct usage *usage = &input.usage;
        if (i < first) {
            begin(&state, capture, i, &input);
        } else {
            const struct input *bases[] = {&search->program, &search->program, &search->panic,
                                           &search->panics};
            input = *bases[i % 4];
            change(&state, &input);
        }
        const struct frame frame = search_frame(&input);
        int error = step_run(runtime, &frame, &options, usage);
        if (error != 0)
            return error;
        search->ends[usage->end]++;
        search->guards += usage->guard;
        keep(&search->program, search->program.usage.program_painted, usage->program_painted,
             &input);
        if (usage->end != RUN_PANICKED)
            continue;
        keep(&search->panic, search->panic.usage.panic_painted, usage->panic_painted, &input);
        keep(&search->panics, search->panics.usage.program_painted, usage->program_painted, &input);
    }
    int error = cheapen(runtime, &search->program, false);
    if (error == 0)
        error = cheapen(runtime, &search->panics, false);
    if (error == 0)
        error = cheapen(runtime, &search->panic, true);
    search->program_painted = search->program.usage.program_painted;
    search->panic_painted = search->panic.usage.panic_painted;
    return error;
}
