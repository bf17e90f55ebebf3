/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine code of an object, decoded: every byte of every executable segment, in address order.
 *
 * A function is decoded linearly from its start to its end, and so is what lies between functions.
 * That finds the instructions that run as long as control only ever arrives at their starts, which
 * is part of what is established here: each direct branch lands on an instruction of its own
 * function or on a function's start, and nothing branches past a kcfi check. Whatever contradicts
 * that is listed in `problems`, as data, for the analysis and the verifier to refuse in their own
 * words; code that has a problem must not be reasoned about further.
 *
 * The forms of indirect branches are those of LLVM's kcfi with external thunks (X86AsmPrinter's
 * LowerKCFI_CHECK, and -mretpoline-external-thunk, which uses r11 alone in 64-bit code):
 *
 *     mov r10d, -ID ; add r10d, dword ptr [r11 - 4] ; je +2 ; ud2 ;
 *     call or jmp __x86_indirect_thunk_r11
 *
 * A callee carries its ID in the four bytes before its start (`mov eax, ID`, padded with nops in
 * front).
 */
#ifndef REXC_LINKER_CODE_H
#define REXC_LINKER_CODE_H

#include "linker/object.h"
#include <Zydis/Zydis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

#define CODE_NONE UINT32_MAX /* no instruction, no function, no site */

enum code_class {
    CODE_INVALID, /* a byte that does not begin an instruction within its region; length 1 */
    CODE_PLAIN,   /* continues with the next instruction */
    CODE_NOP,     /* of any length */
    CODE_ENDBR,   /* endbr64 */
    CODE_INT3,
    CODE_TRAP,          /* ud2 */
    CODE_CALL,          /* call rel32; target */
    CODE_JUMP,          /* jmp rel8/rel32; target */
    CODE_BRANCH,        /* jcc, loop, jrcxz; target, else the next instruction */
    CODE_INDIRECT_CALL, /* call __x86_indirect_thunk_r11 */
    CODE_INDIRECT_JUMP, /* jmp __x86_indirect_thunk_r11: an indirect tail call */
    CODE_RETURN,        /* jmp __x86_return_thunk */
    CODE_BARE_INDIRECT, /* call or jmp through a register or memory: only right inside thunks */
    CODE_BARE_RETURN,   /* ret: only right inside the return thunk */
    CODE_OTHER,         /* any other transfer of control: far, int, syscall, iret, ... */
};

/* Facts about an instruction, cheap to test before its operands are decoded. */
#define CODE_RIP_RELATIVE                                                                          \
    0x01u /* has a rip-relative memory operand (or lea): target is its image address */
#define CODE_TOUCHES_RSP                                                                           \
    0x02u /* reads, writes or addresses by rsp (or a part of it), also implicitly */
#define CODE_TOUCHES_RBP 0x04u /* the same of rbp */
#define CODE_IS_TARGET                                                                             \
    0x08u /* a direct branch other than a kcfi check's own je lands here, or a call does */
#define CODE_IN_CHECK 0x10u /* one of the five instructions of a kcfi check */

struct code_instruction {
    uint32_t address;  /* image address */
    uint32_t target;   /* direct branches and CODE_RIP_RELATIVE: image address; else 0 */
    uint32_t landing;  /* direct branches: index of the instruction at target; else CODE_NONE */
    uint32_t function; /* index in functions; CODE_NONE between functions */
    uint32_t mnemonic : 12; /* ZydisMnemonic; ZYDIS_MNEMONIC_INVALID for CODE_INVALID */
    uint32_t length : 4;    /* bytes, 1-15 */
    uint32_t class : 5;     /* enum code_class */
    uint32_t facts : 7;     /* CODE_RIP_RELATIVE ... */
    uint32_t form : 4;      /* what the code_judge said; 0 for CODE_INVALID and without one */
};

enum code_function_kind {
    CODE_FUNCTION,
    CODE_IMPORT_THUNK, /* __rex_import_NAME: endbr64 ; jmp *slot(%rip), the slot filled by GLOB_DAT
                          NAME */
    CODE_INDIRECT_THUNK, /* __x86_indirect_thunk_r11: jmp *%r11 */
    CODE_RETURN_THUNK,   /* __x86_return_thunk: ret */
};

struct code_function {
    const char *name; /* mangled; the first in name order of those that share the address */
    uint64_t address;
    uint64_t size;  /* bytes decoded: up to the next function when the symbols overlap */
    uint32_t first; /* its instructions: [first, first + count) */
    uint32_t count;
    uint32_t symbol; /* index in object->functions of name; its aliases follow */
    enum code_function_kind kind;
    const char *import; /* CODE_IMPORT_THUNK: NAME; else NULL */
    /* The four bytes before its start, whatever they are: what a kcfi check compares. has_id is
     * false when they are not in the segment. */
    uint32_t id;
    bool has_id;
    /* Index of the `mov eax, ID` that holds them; CODE_NONE when the bytes are no such prefix. */
    uint32_t prefix;
};

/* A call or jump to the indirect thunk. */
struct code_site {
    uint32_t instruction; /* index of the call or jmp */
    uint32_t id;          /* the callee's ID that the check demands; 0 without check */
    bool checked;         /* the instruction ends a kcfi check of the exact form */
};

enum code_problem_kind {
    CODE_PROBLEM_IMAGE, /* an executable segment lies beyond 4 GiB, or its bytes are not in the file
                         */
    CODE_PROBLEM_OUTSIDE, /* a function symbol is not inside an executable segment */
    CODE_PROBLEM_EMPTY,   /* a function symbol has size 0 */
    CODE_PROBLEM_OVERLAP, /* a function begins inside another, or aliases differ in size */
    CODE_PROBLEM_DECODE,  /* bytes that are no instruction, or one that runs over its function's end
                           */
    CODE_PROBLEM_TARGET,  /* a direct branch to what is no instruction of its function and no
                             function */
    CODE_PROBLEM_INTO_CHECK, /* a direct branch into a kcfi check, past its beginning */
    CODE_PROBLEM_UNCHECKED, /* a branch to the indirect thunk that is not the end of a kcfi check */
    CODE_PROBLEM_BARE,      /* an indirect branch or ret outside the thunks, or another transfer of
                               control */
    CODE_PROBLEM_THUNK,     /* a thunk's name on other bytes than the thunk's */
};

struct code_problem {
    enum code_problem_kind kind;
    uint32_t address;  /* image address; of the instruction at fault, or of the function */
    uint32_t function; /* index in functions, or CODE_NONE */
};

struct code {
    const struct object *object;           /* not owned; must outlive this */
    struct code_instruction *instructions; /* by address */
    uint32_t instruction_count;
    struct code_function *functions; /* by address, one for each address; __cfi_ symbols are none */
    uint32_t function_count;
    /* To find a function by address: of each stretch of 1 << stretch_shift bytes from the first
     * function's start on, the first function that begins in it or behind it. */
    uint32_t *stretches;
    uint32_t stretch_count;
    unsigned stretch_shift;
    struct code_site *sites; /* by instruction */
    uint32_t site_count;
    struct code_problem *problems;
    uint32_t problem_count;
    uint32_t indirect_thunk; /* index in functions, or CODE_NONE when the object has none (or a
                                wrong one) */
    uint32_t return_thunk;
    ZydisDecoder decoder;
};

/* Judges an instruction, from nothing but itself, while its operands are there: decoding is the
 * greatest cost of reading code. Not asked about CODE_INVALID, and not again about the same bytes.
 */
typedef uint8_t code_judge(const ZydisDecodedInstruction *decoded,
                           const ZydisDecodedOperand *operands);

/* Decodes all of it. judge may be NULL. Fails (-1, one diagnostic, *code NULL) only when memory
 * runs out; everything about the object itself is in problems. */
int code_read(struct diag *diag, const struct object *object, code_judge *judge,
              struct code **code);
void code_free(struct code *code);

/* The index of the instruction that begins at the address; CODE_NONE when none does. */
uint32_t code_at(const struct code *code, uint64_t address);
/* The index of the function that begins at the address, or that contains it; CODE_NONE when none
 * does. */
uint32_t code_function_at(const struct code *code, uint64_t address);
uint32_t code_function_containing(const struct code *code, uint64_t address);
/* The function that a direct branch leads to the start of; CODE_NONE when it leads elsewhere. */
static inline uint32_t code_branch_function(const struct code *code,
                                            const struct code_instruction *branch)
{
    uint32_t function =
        branch->landing == CODE_NONE ? CODE_NONE : code->instructions[branch->landing].function;
    return function != CODE_NONE && code->functions[function].first == branch->landing ? function
                                                                                       : CODE_NONE;
}
/* The site of an instruction of class CODE_INDIRECT_CALL or CODE_INDIRECT_JUMP. */
const struct code_site *code_site(const struct code *code, uint32_t instruction);
/* Decodes an instruction again, with all its operands (visible ones first,
 * instruction->operand_count_visible of them). Returns 0, or -1 for CODE_INVALID. */
int code_operands(const struct code *code, uint32_t instruction, ZydisDecodedInstruction *decoded,
                  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT]);
/* The instruction's bytes. */
const uint8_t *code_bytes(const struct code *code, uint32_t instruction);
/* Intel syntax, for messages. Always NUL-terminated. */
void code_format(const struct code *code, uint32_t instruction, char *text, size_t size);
/* What is wrong, as a phrase for messages: "a branch leads into the middle of ...". */
const char *code_problem_text(enum code_problem_kind kind);

#endif
