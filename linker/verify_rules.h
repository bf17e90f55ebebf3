/* SPDX-License-Identifier: Apache-2.0 */
/* What the verifier's rules share. Nothing outside linker/verify*.c includes this. */
#ifndef REXC_LINKER_VERIFY_RULES_H
#define REXC_LINKER_VERIFY_RULES_H

#include "linker/code.h"
#include "linker/imports.h"
#include "linker/note.h"
#include "linker/object.h"
#include "linker/signature.h"
#include "linker/verify.h"
#include "runtime/abi/rex_abi.h"

#define REX_MAP_SIZE sizeof(struct rex_map_definition)

struct verify {
    const struct verify_options *options;
    struct verify_report *report;
    enum verify_rule rule; /* the one that is being checked */
    bool out_of_memory;

    const uint8_t *bytes; /* the whole file */
    size_t size;
    const struct object *object;
    struct note *note; /* NULL until the note was read */

    /* Once the LAYOUT rules hold. */
    uint8_t *image; /* as a loader makes it before relocating: segments in pages filled with int3 */
    uint64_t image_size;
    uint64_t text_start, text_end;   /* pages of the executable segment */
    uint64_t relro_start, relro_end; /* pages that loaders make read-only */

    /* The code. */
    struct code *code;
    bool *reached;       /* by instruction: control can arrive there from its function's start */
    bool *may_return;    /* by function */
    bool *address_taken; /* by function: a lea or a relocation points to its start */
    struct verify_set *sets; /* one for each id that a check demands, by id */
    uint32_t set_count;
    uint32_t *members; /* functions, by id */

    struct signature_check signature; /* once rule_signature has asked */
};

/* The functions that an indirect call may reach: those that carry the demanded id. */
struct verify_set {
    uint32_t id;
    uint32_t first, count; /* in verify->members */
    bool may_return;
};

/* Notes that the current rule is broken. refuse: at no address; refuse_at: at an image address;
 * refuse_instruction: at code->instructions[index], whose text is appended. */
void refuse(struct verify *verify, const char *format, ...) __attribute__((format(printf, 2, 3)));
void refuse_at(struct verify *verify, uint64_t address, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void refuse_instruction(struct verify *verify, uint32_t index, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define VERIFY_RULE(name, function, id, needs, line) void function(struct verify *verify);
#include "linker/verify_rules.def"
#undef VERIFY_RULE

/* A code_judge: what the allow-list says of an instruction; verify_instructions.c. */
uint8_t verify_judge_form(const ZydisDecodedInstruction *decoded,
                          const ZydisDecodedOperand *operands);

/* Calls visit for each instruction of a function (not of a thunk) that concerns() picks. */
void verify_each_instruction(struct verify *verify,
                             void (*visit)(struct verify *, uint32_t index,
                                           const ZydisDecodedInstruction *,
                                           const ZydisDecodedOperand *operands),
                             bool (*concerns)(const struct verify *, uint32_t index));

/* Tables that several rules use; each fills its part of struct verify. verify_elf.c, verify_code.c
 * and verify_calls.c. */
void verify_make_image(struct verify *verify);
void verify_find_sets(struct verify *verify);
void verify_follow_flow(struct verify *verify);
void verify_find_addresses(struct verify *verify);
/* The set of an id; NULL when no check demands it. */
struct verify_set *verify_set_of(const struct verify *verify, uint32_t id);

/* Whether the name is that of a section in which programs may stand. */
static inline bool is_program_section(const char *name)
{
    return program_type_of_section(name) >= 0;
}

/* A symbol that is a program's entry: a function in a program section. */
static inline bool is_program(const struct object *object, const struct object_symbol *symbol)
{
    return symbol->type == STT_FUNC && symbol->section != SHN_UNDEF &&
           symbol->section < object->section_count &&
           is_program_section(object->sections[symbol->section].name);
}

#endif
