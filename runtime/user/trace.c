/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/trace.h"

#include "base/demangle.h"
#include "linker/dwarf.h"
#include "linker/object.h"
#include "runtime/user/runtime.h"

#include <stdlib.h>

/* Calls inlined into one frame that are shown. */
enum { INLINED_MAX = 16 };

static void add(const struct cpu *cpu, struct trace *trace, uint64_t address)
{
    const uint64_t image_address = address - (uint64_t)cpu->runtime->image.base;

    if (trace->count > 0 && trace->addresses[trace->count - 1] == image_address) {
        trace->repeats[trace->count - 1]++;
    } else if (trace->count < CPU_TRACE_MAX) {
        trace->addresses[trace->count] = image_address;
        trace->repeats[trace->count++] = 0;
    } else {
        trace->cut = true;
    }
}

/* Follows the chain of frames, each [0] the caller's rbp and [8] the return address (System V
 * psABI, 3.2.2), upwards on one of the CPU's stacks. What is not a frame ends it: program text may
 * have been stopped where rbp is something else, any number at all. */
static void follow(const struct cpu *cpu, struct trace *trace, uint64_t frame)
{
    const struct stack *stack =
        stack_contains(&cpu->panic_stack, frame) ? &cpu->panic_stack : &cpu->program_stack;
    uint64_t above = (uint64_t)stack->base;

    while (frame % 8 == 0 && frame >= above && frame <= (uint64_t)stack->top - 16) {
        const uint64_t *words = (const uint64_t *)frame;
        if (!image_has_text(&cpu->runtime->image, words[1]))
            return;
        add(cpu, trace, words[1]);
        above = frame + 16;
        frame = words[0];
    }
}

void trace_from_import(const struct cpu *cpu, struct trace *trace)
{
    *trace = (struct trace){.exact = false};
    follow(cpu, trace, cpu->program_frame);
}

void trace_from_frame(const struct cpu *cpu, struct trace *trace, uint64_t instruction,
                      uint64_t frame)
{
    *trace = (struct trace){.exact = true};
    if (image_has_text(&cpu->runtime->image, instruction))
        add(cpu, trace, instruction);
    else
        trace->exact = false;
    follow(cpu, trace, frame);
}

/* The frame's own line, and one for each call that the compiler inlined into it, innermost first.
 */
static void describe_frame(const struct cpu *cpu, const struct debug_info *info, unsigned number,
                           uint64_t address, struct strings *lines)
{
    struct source_frame frames[INLINED_MAX];
    size_t count = debug_info_frames(info, address, frames, INLINED_MAX);
    const struct object_function *function =
        object_function_containing(cpu->runtime->object, address);

    if (count > INLINED_MAX)
        count = INLINED_MAX;
    if (count == 0)
        frames[count++] = (struct source_frame){.function = function ? function->name : NULL};
    for (size_t i = 0; i < count; i++) {
        const char *symbol = frames[i].function;
        char *name = symbol ? demangle(symbol) : NULL;
        char *place =
            frames[i].file ? must_format(" at %s:%u", frames[i].file, frames[i].line) : NULL;
        if (i == 0)
            strings_format(lines, "#%-2u %s%s", number, name ? name : "?", place ? place : "");
        else
            strings_format(lines, "    %s%s", name ? name : "?", place ? place : "");
        free(place);
        free(name);
    }
}

void trace_describe(const struct cpu *cpu, const struct trace *trace, struct strings *lines)
{
    const struct debug_info *info = runtime_debug_info(cpu->runtime);
    unsigned number = 0;

    for (unsigned i = 0; i < trace->count; i++) {
        /* The byte before a return address belongs to the call. */
        const bool is_return = i > 0 || !trace->exact;
        describe_frame(cpu, info, number++, trace->addresses[i] - is_return, lines);
        if (trace->repeats[i] > 0)
            strings_format(lines, "    and the same %u times more", trace->repeats[i]);
        number += trace->repeats[i];
    }
    if (trace->cut)
        strings_format(lines, "    and more frames above");
}
