/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/cfi.h"

#include "base/diag.h"
#include "linker/callgraph.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REPORTS_MAX 12u
/* DWARF's numbers of registers (System V ABI, AMD64 supplement, figure 3.36). */
#define RBP 6u
#define RSP 7u

struct checker {
    struct diag *diag;
    struct callgraph *graph;
    Elf *elf;
    Dwarf *dwarf;
    Dwarf_CFI *table;
    size_t compared, disagreements;
};

/* Where the canonical frame address is, for a range of instructions: the register's value and
 * offset bytes more. */
struct row {
    Dwarf_Addr start, end; /* empty: nothing is known */
    unsigned register_number;
    int64_t offset;
};

static bool open_table(struct checker *checker)
{
    const struct object *object = checker->graph->code->object;

    if (!object_section(object, ".debug_frame") || elf_version(EV_CURRENT) == EV_NONE)
        return false;
    checker->elf = elf_memory((char *)object->file, object->size);
    if (checker->elf)
        checker->dwarf = dwarf_begin_elf(checker->elf, DWARF_C_READ, NULL);
    if (checker->dwarf)
        checker->table = dwarf_getcfi(checker->dwarf);
    return checker->table != NULL;
}

static void close_table(struct checker *checker)
{
    dwarf_end(checker->dwarf);
    elf_end(checker->elf);
}

/* False when no entry of the table covers the address, or not with one register and an offset. */
static bool find_row(const struct checker *checker, uint64_t address, struct row *row)
{
    Dwarf_Frame *frame = NULL;
    Dwarf_Op *operations = NULL;
    size_t count = 0;
    bool found = false;

    *row = (struct row){0};
    if (dwarf_cfi_addrframe(checker->table, address, &frame) != 0)
        return false;
    if (dwarf_frame_info(frame, &row->start, &row->end, NULL) >= 0 &&
        dwarf_frame_cfa(frame, &operations, &count) == 0 && count == 1) {
        if (operations[0].atom == DW_OP_bregx) {
            row->register_number = (unsigned)operations[0].number;
            row->offset = (int64_t)operations[0].number2;
            found = true;
        } else if (operations[0].atom >= DW_OP_breg0 && operations[0].atom <= DW_OP_breg31) {
            row->register_number = operations[0].atom - DW_OP_breg0;
            row->offset = (int64_t)operations[0].number;
            found = true;
        }
    }
    free(frame);
    return found && address >= row->start && address < row->end;
}

static void report(struct checker *checker, uint32_t function, uint32_t at, const struct row *row,
                   int64_t height)
{
    const struct code *code = checker->graph->code;
    char text[96], line[128];

    if (++checker->disagreements > REPORTS_MAX)
        return;
    code_format(code, at, text, sizeof(text));
    snprintf(line, sizeof(line), "the instruction is: %s", text);
    struct diag_message message = {
        .code = DIAG_STACK_CFI,
        .at = {.symbol = code->functions[function].name,
               .address = code->instructions[at].address,
               .has_address = true},
        .why = "one of the two is wrong, so neither can be relied upon",
        .help =
            "Ordinary Rust does not compile to this. If the program has no assembly of its own, "
            "please report it as a defect of rexc with the source.",
        .notes = (const char *const[]){line, NULL},
    };
    diag_report(checker->diag, &message,
                "%s lies %" PRId64 " bytes below its value at the entry by the compiler's call "
                "frame information, %" PRId64 " by the machine code",
                row->register_number == RSP ? "rsp" : "rbp", row->offset - 8, height);
}

/* The canonical frame address is rsp before the call, 8 bytes above rsp at the entry. */
static void check_instruction(struct checker *checker, uint32_t function, uint32_t at,
                              const struct row *row)
{
    int64_t height;

    if ((row->register_number != RSP && row->register_number != RBP) ||
        !frame_distance(&checker->graph->frames, at, row->register_number == RBP, &height))
        return;
    checker->compared++;
    if (height != row->offset - 8)
        report(checker, function, at, row, height);
}

/* Returns -1 when memory ran out. */
static int check_function(struct checker *checker, uint32_t index)
{
    const struct code *code = checker->graph->code;
    const struct code_function *function = &code->functions[index];
    struct row row;

    if (!find_row(checker, function->address, &row))
        return 0;
    if (frame_replay(&checker->graph->frames, index) != FRAME_OK)
        return -1;
    for (uint32_t at = function->first; at < function->first + function->count; at++) {
        const uint64_t address = code->instructions[at].address;
        if (address >= row.end && !find_row(checker, address, &row)) {
            row = (struct row){0}; /* look again at the next instruction */
            continue;
        }
        check_instruction(checker, index, at, &row);
    }
    return 0;
}

int cfi_check(struct diag *diag, struct callgraph *graph, size_t *compared)
{
    struct checker checker = {.diag = diag, .graph = graph};
    int failed = 0;

    *compared = 0;
    if (open_table(&checker)) {
        for (uint32_t i = 0; i < graph->code->function_count && !failed; i++) {
            if (graph->reachable[i] && graph->code->functions[i].kind == CODE_FUNCTION)
                failed = check_function(&checker, i);
        }
    }
    close_table(&checker);
    *compared = checker.compared;
    if (failed)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                          "out of memory while analysing the stack");
    return checker.disagreements ? -1 : 0;
}
