/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is executable: all of it instructions of functions, branches that land where they may,
 * memory operands that name only what they may, and control that stays inside its function until it
 * leaves by a return, a tail call or a call that never comes back.
 */
#include "linker/verify_rules.h"

#include <stdlib.h>
#include <string.h>

#define THUNK_SLOT 16u /* bytes that a thunk has to itself, for loaders to rewrite it */

/* The decoder's findings of one kind, as violations of the current rule. */
static void refuse_problems(struct verify *verify, enum code_problem_kind kind)
{
    for (uint32_t i = 0; i < verify->code->problem_count; i++) {
        const struct code_problem *problem = &verify->code->problems[i];
        if (problem->kind == kind)
            refuse_at(verify, problem->address, "%s", code_problem_text(kind));
    }
}

void rule_functions(struct verify *verify)
{
    refuse_problems(verify, CODE_PROBLEM_IMAGE);
    refuse_problems(verify, CODE_PROBLEM_OUTSIDE);
    refuse_problems(verify, CODE_PROBLEM_EMPTY);
    refuse_problems(verify, CODE_PROBLEM_OVERLAP);
}

void rule_decode(struct verify *verify)
{
    for (uint32_t i = 0; i < verify->code->problem_count; i++) {
        const struct code_problem *problem = &verify->code->problems[i];
        if (problem->kind == CODE_PROBLEM_DECODE && problem->function != CODE_NONE)
            refuse_at(verify, problem->address, "%s", code_problem_text(problem->kind));
    }
}

void rule_padding(struct verify *verify)
{
    const struct code *code = verify->code;
    uint32_t next = 0; /* the first function not before the instruction */

    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        if (instruction->function != CODE_NONE) {
            next = instruction->function + 1;
            continue;
        }
        if (instruction->class != CODE_INT3 && instruction->class != CODE_NOP &&
            !(next < code->function_count && code->functions[next].prefix == i))
            refuse_instruction(verify, i, "code that belongs to no function");
    }
}

void rule_branch_targets(struct verify *verify)
{
    refuse_problems(verify, CODE_PROBLEM_TARGET);
}

static bool is_thunk_name(const char *name)
{
    static const char import[] = "__rex_import_";
    return strncmp(name, import, sizeof(import) - 1) == 0 ||
           strcmp(name, "__x86_indirect_thunk_r11") == 0 || strcmp(name, "__x86_return_thunk") == 0;
}

void rule_indirect_branches(struct verify *verify)
{
    const struct code *code = verify->code;

    for (uint32_t i = 0; i < code->problem_count; i++) {
        const struct code_problem *problem = &code->problems[i];
        uint32_t index = code_at(code, problem->address);
        /* Between functions they are padding's business, and in what should be a thunk, thunks'. */
        if (problem->kind == CODE_PROBLEM_BARE && index != CODE_NONE &&
            code->instructions[index].function != CODE_NONE &&
            !is_thunk_name(code->functions[code->instructions[index].function].name))
            refuse_instruction(verify, index, "a transfer of control that no check guards");
    }
}

void rule_kcfi_checks(struct verify *verify)
{
    refuse_problems(verify, CODE_PROBLEM_UNCHECKED);
    refuse_problems(verify, CODE_PROBLEM_INTO_CHECK);
}

void rule_returns(struct verify *verify)
{
    const struct code *code = verify->code;

    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        bool branch = instruction->class == CODE_CALL || instruction->class == CODE_JUMP ||
                      instruction->class == CODE_BRANCH;
        /* Loaders rewrite the whole five bytes: no short form. */
        if (instruction->class == CODE_RETURN
                ? instruction->length != 5
                : branch && code->return_thunk != CODE_NONE &&
                      instruction->target == code->functions[code->return_thunk].address)
            refuse_instruction(verify, i, "reaches the return thunk otherwise than by jmp rel32");
    }
}

/* The function's bytes lie in a slot of their own, the rest of which is int3. */
static bool has_own_slot(const struct verify *verify, const struct code_function *function)
{
    uint64_t end = function->address + THUNK_SLOT;
    if (function->address % THUNK_SLOT || end > verify->text_end)
        return false;
    for (uint64_t i = function->address + function->size; i < end; i++) {
        if (verify->image[i] != 0xcc)
            return false;
    }
    return true;
}

void rule_thunks(struct verify *verify)
{
    const struct code *code = verify->code;
    const struct object *object = verify->object;

    refuse_problems(verify, CODE_PROBLEM_THUNK);
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        if (function->kind != CODE_FUNCTION && !has_own_slot(verify, function))
            refuse_at(verify, function->address, "%s has no %u bytes to itself", function->name,
                      THUNK_SLOT);
    }
    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        const char *name = object->dynamic_symbols[i].name;
        const struct rex_import *import = import_find(name);
        size_t thunks = 0;
        for (uint32_t j = 0; j < code->function_count; j++)
            thunks += code->functions[j].import && strcmp(code->functions[j].import, name) == 0;
        if (import && thunks != (import->kind == REX_IMPORT_IS_FUNCTION))
            refuse(verify, "import %s has %zu thunks", name, thunks);
    }
}

static bool is_rip_relative(const struct verify *verify, uint32_t index)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    return (instruction->facts & CODE_RIP_RELATIVE) && instruction->class != CODE_NOP;
}

static const ZydisDecodedOperand *memory_operand(const ZydisDecodedInstruction *decoded,
                                                 const ZydisDecodedOperand *operands)
{
    for (size_t i = 0; i < decoded->operand_count_visible; i++) {
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
            return &operands[i];
    }
    return NULL;
}

static bool overlap(uint64_t start, uint64_t size, uint64_t other, uint64_t other_end)
{
    return start < other_end && other < start + size;
}

static void check_slot(struct verify *verify, uint32_t index,
                       const ZydisDecodedInstruction *decoded, const ZydisDecodedOperand *operands)
{
    const struct object_section *got = object_section(verify->object, ".got");
    const ZydisDecodedOperand *memory = memory_operand(decoded, operands);
    uint64_t address = verify->code->instructions[index].target;
    bool lea = decoded->mnemonic == ZYDIS_MNEMONIC_LEA;

    if (!got || !memory ||
        !overlap(address, lea ? 1 : memory->size / 8u, got->address, got->address + got->size))
        return;
    const struct object_symbol *symbol = object_slot_symbol(verify->object, address);
    const struct rex_import *import = symbol ? import_find(symbol->name) : NULL;
    if (lea || memory->size != 64 || address % 8)
        refuse_instruction(verify, index, "takes the address or a part of a slot");
    else if (import && import->kind == REX_IMPORT_IS_FUNCTION)
        refuse_instruction(verify, index, "reads the slot of function %s", import->name);
    else if (import && (decoded->mnemonic != ZYDIS_MNEMONIC_MOV ||
                        operands[0].type != ZYDIS_OPERAND_TYPE_REGISTER))
        refuse_instruction(verify, index, "uses the slot of %s otherwise than by a mov load",
                           import->name);
}

void rule_slots(struct verify *verify)
{
    verify_each_instruction(verify, check_slot, is_rip_relative);
}

/* Whether the image is writable there when the program runs. */
static bool is_writable(const struct verify *verify, uint64_t address, uint64_t size)
{
    for (size_t i = 0; i < verify->object->segment_count; i++) {
        const struct object_segment *segment = &verify->object->segments[i];
        if (segment->type == PT_LOAD && (segment->flags & PF_W) && address >= segment->vaddr &&
            address + size <= segment->vaddr + segment->memory_size)
            return !overlap(address, size, verify->relro_start, verify->relro_end);
    }
    return false;
}

static void check_memory(struct verify *verify, uint32_t index,
                         const ZydisDecodedInstruction *decoded,
                         const ZydisDecodedOperand *operands)
{
    const ZydisDecodedOperand *memory = memory_operand(decoded, operands);
    uint64_t address = verify->code->instructions[index].target;
    uint64_t size = memory ? memory->size / 8u : 0;

    if (decoded->mnemonic == ZYDIS_MNEMONIC_LEA) {
        if (address > verify->image_size) /* one past the last byte is an address, too */
            refuse_instruction(verify, index, "makes an address outside the image");
    } else if (!memory || address + size > verify->image_size) {
        refuse_instruction(verify, index, "names memory outside the image");
    } else if (overlap(address, size, verify->text_start, verify->text_end)) {
        refuse_instruction(verify, index, "names code as data");
    } else if ((memory->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) &&
               !is_writable(verify, address, size)) {
        refuse_instruction(verify, index, "writes to what is read-only");
    }
}

void rule_memory(struct verify *verify)
{
    verify_each_instruction(verify, check_memory, is_rip_relative);
}

/* Whether a call or jump to another function may come back. */
static bool returns_from(const struct verify *verify, const struct code_instruction *branch)
{
    const struct code *code = verify->code;
    uint32_t target = code_branch_function(code, branch);
    if (target == CODE_NONE)
        return true;
    const struct code_function *function = &code->functions[target];
    if (function->kind == CODE_IMPORT_THUNK) {
        const struct rex_import *import = import_find(function->import);
        return !import || !import->noreturn;
    }
    return verify->may_return[target];
}

/* The same of an indirect call, for all functions that its check lets through. */
static bool any_returns(const struct verify *verify, uint32_t index)
{
    const struct code_site *site = code_site(verify->code, index);
    return site && verify_set_of(verify, site->id)->may_return;
}

/* Whether control may go on with the next instruction. */
static bool continues(const struct verify *verify, uint32_t index)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    switch ((enum code_class)instruction->class) {
    case CODE_PLAIN:
    case CODE_NOP:
    case CODE_ENDBR:
    case CODE_BRANCH:
        return true;
    case CODE_CALL:
        return returns_from(verify, instruction);
    case CODE_INDIRECT_CALL:
        return any_returns(verify, index);
    default:
        return false;
    }
}

/* Whether control that is at the instruction may leave the function by it and come back to the
 * caller. */
static bool leaves(const struct verify *verify, uint32_t index)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    switch ((enum code_class)instruction->class) {
    case CODE_RETURN:
        return true;
    case CODE_INDIRECT_JUMP:
        return any_returns(verify, index);
    case CODE_JUMP:
    case CODE_BRANCH: {
        uint32_t target = instruction->landing;
        return target != CODE_NONE &&
               verify->code->instructions[target].function != instruction->function &&
               returns_from(verify, instruction);
    }
    default:
        return false;
    }
}

/* Marks what control reaches from a function's start. Returns whether the function may return. */
static bool follow(struct verify *verify, uint32_t number, uint32_t *stack)
{
    const struct code *code = verify->code;
    const struct code_function *function = &code->functions[number];
    uint32_t depth = 0;
    bool returns = false;

    if (function->count == 0)
        return true;
    memset(verify->reached + function->first, 0, function->count * sizeof(*verify->reached));
    verify->reached[function->first] = true;
    stack[depth++] = function->first;
    while (depth > 0) {
        uint32_t index = stack[--depth];
        const struct code_instruction *instruction = &code->instructions[index];
        uint32_t next[2], count = 0;

        returns = returns || leaves(verify, index);
        if (continues(verify, index))
            next[count++] = index + 1;
        if (instruction->class == CODE_JUMP || instruction->class == CODE_BRANCH)
            next[count++] = instruction->landing;
        for (uint32_t i = 0; i < count; i++) {
            if (next[i] == CODE_NONE || next[i] >= code->instruction_count ||
                code->instructions[next[i]].function != number || verify->reached[next[i]])
                continue;
            verify->reached[next[i]] = true;
            stack[depth++] = next[i];
        }
    }
    return returns;
}

static void set_may_return(struct verify *verify, uint32_t number)
{
    const struct code_function *function = &verify->code->functions[number];
    struct verify_set *set = function->has_id ? verify_set_of(verify, function->id) : NULL;
    verify->may_return[number] = true;
    if (set)
        set->may_return = true;
}

#define ROUNDS_MAX 64u

/* The least solution: a function may return only when some path through it is seen to, with calls
 * that are seen to return. What can execute is a finite chain of such calls. An object that is made
 * to need very many rounds gets the greatest solution instead, which only refuses more. */
void verify_follow_flow(struct verify *verify)
{
    const struct code *code = verify->code;
    uint32_t *stack = calloc(code->instruction_count + 1, sizeof(*stack));
    bool changed = true;

    verify->reached = calloc(code->instruction_count + 1, sizeof(*verify->reached));
    verify->may_return = calloc(code->function_count + 1, sizeof(*verify->may_return));
    if (!stack || !verify->reached || !verify->may_return)
        verify->out_of_memory = true;
    for (unsigned round = 0; changed && !verify->out_of_memory; round++) {
        changed = false;
        for (uint32_t i = 0; i < code->function_count; i++) {
            if (code->functions[i].kind != CODE_FUNCTION || verify->may_return[i] ||
                (!follow(verify, i, stack) && round < ROUNDS_MAX))
                continue;
            set_may_return(verify, i);
            changed = true;
        }
    }
    /* What is reached is final only now. */
    for (uint32_t i = 0; i < code->function_count && !verify->out_of_memory; i++) {
        if (code->functions[i].kind == CODE_FUNCTION)
            follow(verify, i, stack);
    }
    free(stack);
}

void rule_traps(struct verify *verify)
{
    const struct code *code = verify->code;

    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        if (instruction->function == CODE_NONE)
            continue;
        if (instruction->class == CODE_TRAP && !(instruction->facts & CODE_IN_CHECK))
            refuse_instruction(verify, i, "traps outside kcfi's check");
        else if (instruction->class == CODE_INT3 && verify->reached[i])
            refuse_instruction(verify, i, "can be reached");
    }
}

void rule_fall_through(struct verify *verify)
{
    const struct code *code = verify->code;

    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        uint32_t last = function->first + function->count - 1;
        if (function->kind == CODE_FUNCTION && function->count > 0 && verify->reached[last] &&
            continues(verify, last))
            refuse_instruction(verify, last, "control goes on past the function's end");
    }
}
