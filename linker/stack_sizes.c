/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/stack_sizes.h"

#include "base/diag.h"
#include "linker/callgraph.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REPORTS_MAX 12u

struct reader {
    const uint8_t *next, *end;
};

/* A function's address and, as ULEB128, its size (LLVM's AsmPrinter::emitStackSizeSection). */
static bool read_entry(struct reader *reader, uint64_t *address, int64_t *size)
{
    if ((size_t)(reader->end - reader->next) < sizeof(*address))
        return false;
    memcpy(address, reader->next, sizeof(*address));
    reader->next += sizeof(*address);
    *size = 0;
    for (unsigned shift = 0; reader->next < reader->end && shift < 56; shift += 7) {
        uint8_t byte = *reader->next++;
        *size |= (int64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

/* Whether the instruction may begin to put a call's arguments onto the stack, on top of the frame:
 * by a push, or by 8 bytes that keep the call aligned. */
static bool begins_arguments(const struct code_instruction *instruction, int64_t rise)
{
    return rise == 8 && (instruction->mnemonic == ZYDIS_MNEMONIC_PUSH ||
                         instruction->mnemonic == ZYDIS_MNEMONIC_SUB);
}

/* How high a frame of that size is. LLVM's size leaves out how far a realigned frame is moved to
 * its boundary, and what fills it up to the next one (X86FrameLowering::emitPrologue). */
static int64_t expected_height(const struct callgraph *graph, uint32_t index, int64_t size)
{
    const struct code_function *function = &graph->code->functions[index];
    int64_t alignment, before;

    for (uint32_t at = function->first; at < function->first + function->count; at++) {
        if (frame_realigned(&graph->frames, at, &alignment, &before))
            return before + alignment - 8 + (size - before + alignment - 1) / alignment * alignment;
    }
    return size;
}

/* The greatest height between the function's instructions, without the arguments that are pushed
 * for calls: heights above the expected one, where control comes from exactly that. */
static int64_t greatest_height(const struct callgraph *graph, uint32_t index, int64_t expected)
{
    const struct code_instruction *instructions = graph->code->instructions;
    const struct code_function *function = &graph->code->functions[index];
    int64_t greatest = 0, before = 0;
    bool arguments = false;

    for (uint32_t at = function->first; at < function->first + function->count; at++) {
        int64_t height = frame_height(&graph->frames, at);
        arguments = height > expected &&
                    (arguments || (before == expected &&
                                   begins_arguments(&instructions[at - 1], height - before)));
        if (height > greatest && !arguments)
            greatest = height;
        before = height;
    }
    return greatest;
}

static void report(struct diag *diag, const struct callgraph *graph, uint32_t index, int64_t size,
                   int64_t expected, int64_t found)
{
    const struct code_function *function = &graph->code->functions[index];
    char line[128];

    snprintf(line, sizeof(line), "with the function's realignment that is a height of %" PRId64,
             expected);
    struct diag_message message = {
        .code = DIAG_STACK_SIZE,
        .at = {.symbol = function->name, .address = function->address, .has_address = true},
        .why = "one of the two is wrong, so neither can be relied upon",
        .help =
            "Ordinary Rust does not compile to this. If the program has no assembly of its own, "
            "please report it as a defect of rexc with the source.",
        .notes = expected == size ? NULL : (const char *const[]){line, NULL},
    };
    diag_report(diag, &message,
                "the frame has %" PRId64 " bytes by the compiler's section .stack_sizes, "
                "%" PRId64 " by the machine code",
                size, found);
}

int stack_sizes_check(struct diag *diag, struct callgraph *graph, size_t *compared)
{
    const struct code *code = graph->code;
    const struct object_section *section = object_section(code->object, ".stack_sizes");
    const uint8_t *bytes = section ? object_section_bytes(code->object, section) : NULL;
    struct reader reader = {.next = bytes, .end = bytes ? bytes + section->size : NULL};
    size_t disagreements = 0;
    uint64_t address;
    int64_t size;

    *compared = 0;
    if (!bytes)
        return diag_error(diag, DIAG_STACK_SIZE,
                          "Build with the compiler and the linker that rexc calls.",
                          "the linked image has no section .stack_sizes");
    while (reader.next < reader.end) {
        if (!read_entry(&reader, &address, &size))
            return diag_error(diag, DIAG_STACK_SIZE, NULL, "the section .stack_sizes is damaged");
        uint32_t index = code_function_at(code, address);
        if (index == CODE_NONE || !graph->reachable[index] ||
            code->functions[index].kind != CODE_FUNCTION)
            continue;
        if (frame_replay(&graph->frames, index) != FRAME_OK)
            return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                              "out of memory while analysing the stack");
        int64_t expected = expected_height(graph, index, size);
        int64_t found = greatest_height(graph, index, expected);
        if (found != expected && ++disagreements <= REPORTS_MAX)
            report(diag, graph, index, size, expected, found);
        ++*compared;
    }
    return disagreements ? -1 : 0;
}
