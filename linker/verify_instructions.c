/* SPDX-License-Identifier: Apache-2.0 */
/* The allow-list of verify_instructions.def, and the accesses through gs. */
#include "linker/verify_rules.h"

#include <stdlib.h>
#include <string.h>

enum { LOCK = 1, REP = 2, WIDE = 4, NOP = 8, BARE = 16 };

struct allowed {
    const char *forms; /* NULL: the mnemonic is not allowed */
    unsigned flags;
};

#define ALLOW(name, forms, flags, reason) [ZYDIS_MNEMONIC_##name] = {forms, flags},
#define ALLOW_CONDITIONS(before, forms, flags, reason)                                             \
    ALLOW(before##B, forms, flags, reason)                                                         \
    ALLOW(before##BE, forms, flags, reason)                                                        \
    ALLOW(before##L, forms, flags, reason)                                                         \
    ALLOW(before##LE, forms, flags, reason)                                                        \
    ALLOW(before##NB, forms, flags, reason)                                                        \
    ALLOW(before##NBE, forms, flags, reason)                                                       \
    ALLOW(before##NL, forms, flags, reason)                                                        \
    ALLOW(before##NLE, forms, flags, reason)                                                       \
    ALLOW(before##NO, forms, flags, reason)                                                        \
    ALLOW(before##NS, forms, flags, reason)                                                        \
    ALLOW(before##NZ, forms, flags, reason)                                                        \
    ALLOW(before##O, forms, flags, reason)                                                         \
    ALLOW(before##S, forms, flags, reason)                                                         \
    ALLOW(before##Z, forms, flags, reason)
static const struct allowed list[ZYDIS_MNEMONIC_MAX_VALUE + 1] = {
#include "linker/verify_instructions.def"
};

static ZydisRegister whole(ZydisRegister part)
{
    return ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, part);
}

static bool is_general(ZydisRegister name)
{
    ZydisRegisterClass class = ZydisRegisterGetClass(name);
    return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
           class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

static bool is_written(const ZydisDecodedOperand *operand)
{
    return (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

static bool is_frame_register(ZydisRegister name)
{
    return name == ZYDIS_REGISTER_RSP || name == ZYDIS_REGISTER_RBP;
}

static bool is_part_of_frame_register(ZydisRegister name)
{
    switch (name) {
    case ZYDIS_REGISTER_RSP:
    case ZYDIS_REGISTER_ESP:
    case ZYDIS_REGISTER_SP:
    case ZYDIS_REGISTER_SPL:
    case ZYDIS_REGISTER_RBP:
    case ZYDIS_REGISTER_EBP:
    case ZYDIS_REGISTER_BP:
    case ZYDIS_REGISTER_BPL:
        return true;
    default:
        return false;
    }
}

/* rsp or rbp, whole or in part, as a destination. */
static bool writes_frame(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && is_written(operand) &&
           is_part_of_frame_register(operand->reg.value);
}

static bool is_memory(const ZydisDecodedOperand *operand, bool lea)
{
    /* gs is the business of gs-accesses; the others have no use in 64-bit code. */
    bool segment = operand->mem.segment == ZYDIS_REGISTER_DS ||
                   operand->mem.segment == ZYDIS_REGISTER_SS ||
                   operand->mem.segment == ZYDIS_REGISTER_GS;
    return operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
           (operand->mem.type == ZYDIS_MEMOP_TYPE_MEM ||
            (lea && operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)) &&
           (operand->mem.base != ZYDIS_REGISTER_NONE ||
            operand->mem.index != ZYDIS_REGISTER_NONE) &&
           (lea || segment);
}

/* Whether an operand is what a letter of a form says. */
static bool operand_is(char letter, const ZydisDecodedOperand *operand, bool lea)
{
    switch (letter) {
    case 'r':
        return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && is_general(operand->reg.value) &&
               !writes_frame(operand);
    case 'S':
    case 'B':
        return operand->type == ZYDIS_OPERAND_TYPE_REGISTER &&
               operand->reg.value == (letter == 'S' ? ZYDIS_REGISTER_RSP : ZYDIS_REGISTER_RBP);
    case 'i':
        return operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
    case 'm':
        return is_memory(operand, lea);
    case 'f':
        return is_memory(operand, lea) && is_frame_register(operand->mem.base) &&
               operand->mem.index == ZYDIS_REGISTER_NONE;
    default:
        return false;
    }
}

static bool matches(const char *forms, const ZydisDecodedInstruction *decoded,
                    const ZydisDecodedOperand *operands)
{
    bool lea = decoded->mnemonic == ZYDIS_MNEMONIC_LEA;
    size_t count = decoded->operand_count_visible;

    for (const char *form = forms;;) {
        size_t i = 0;
        if (form[0] == '*' || (form[0] == '-' && count == 0))
            return true;
        while (i < count && operand_is(form[i], &operands[i], lea)) /* a space is no operand */
            i++;
        if (i == count && (form[i] == ' ' || form[i] == '\0'))
            return true;
        form = strchr(form + i, ' ');
        if (!form)
            return false;
        form++;
    }
}

/* Prefixes that change nothing may be read differently by some processor (operand size on
 * branches), or by a later one. */
static bool prefixes_are_right(const struct allowed *allowed,
                               const ZydisDecodedInstruction *decoded,
                               const ZydisDecodedOperand *operands)
{
    bool memory_first =
        decoded->operand_count_visible > 0 && operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
    bool branch = decoded->meta.branch_type != ZYDIS_BRANCH_TYPE_NONE;
    bool rep = false;

    if (allowed->flags & NOP)
        return !(decoded->attributes & (ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_SEGMENT_GS)) &&
               (decoded->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT ? decoded->opcode == 0x90
                                                                : decoded->opcode == 0x1f);
    for (size_t i = 0; i < decoded->raw.prefix_count; i++) {
        uint8_t value = decoded->raw.prefixes[i].value;
        bool rex = (value & 0xf0u) == 0x40;
        if ((allowed->flags & BARE) && decoded->raw.prefixes[i].type != ZYDIS_PREFIX_TYPE_MANDATORY)
            return false;
        if (rex && i + 1 == decoded->raw.prefix_count)
            continue;
        if (value == 0x65 && !branch)
            continue; /* gs-accesses */
        if (rex || branch || decoded->raw.prefixes[i].type == ZYDIS_PREFIX_TYPE_IGNORED)
            return false;
        switch (value) {
        case 0x66:
            if (decoded->raw.rex.W)
                return false;
            break;
        case 0xf0:
            if (!(allowed->flags & LOCK) || !memory_first)
                return false;
            break;
        case 0xf3:
            if (!(allowed->flags & REP) &&
                decoded->raw.prefixes[i].type != ZYDIS_PREFIX_TYPE_MANDATORY)
                return false;
            rep = true;
            break;
        default:
            return false;
        }
    }
    return rep || !(allowed->flags & REP);
}

/* Not in a thunk, nor between functions. */
static bool is_in_function(const struct verify *verify, uint32_t index)
{
    uint32_t function = verify->code->instructions[index].function;
    return function != CODE_NONE && verify->code->functions[function].kind == CODE_FUNCTION;
}

void verify_each_instruction(struct verify *verify,
                             void (*visit)(struct verify *, uint32_t,
                                           const ZydisDecodedInstruction *,
                                           const ZydisDecodedOperand *),
                             bool (*concerns)(const struct verify *, uint32_t))
{
    const struct code *code = verify->code;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        for (uint32_t j = function->first; j < function->first + function->count; j++) {
            if (function->kind == CODE_FUNCTION && concerns(verify, j) &&
                code_operands(code, j, &decoded, operands) == 0)
                visit(verify, j, &decoded, operands);
        }
    }
}

static bool writes_any_frame(const ZydisDecodedInstruction *decoded,
                             const ZydisDecodedOperand *operands)
{
    for (size_t i = 0; i < decoded->operand_count_visible; i++) {
        if (writes_frame(&operands[i]))
            return true;
    }
    return false;
}

/* What the list says of an instruction; bits, as its second part may be at fault alone. */
enum { FORM_MNEMONIC = 1, FORM_ENCODING = 2, FORM_OPERANDS = 4, FORM_FRAME = 8 };

uint8_t verify_judge_form(const ZydisDecodedInstruction *decoded,
                          const ZydisDecodedOperand *operands)
{
    const struct allowed *allowed = &list[decoded->mnemonic];
    uint8_t form = 0;

    if (!allowed->forms)
        return FORM_MNEMONIC;
    bool listed = matches(allowed->forms, decoded, operands);
    bool frame = !listed && writes_any_frame(decoded, operands);
    if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY || decoded->address_width != 64 ||
        !prefixes_are_right(allowed, decoded, operands))
        form = FORM_ENCODING;
    else if (((allowed->flags & WIDE) && decoded->operand_width != 64) || (!listed && !frame))
        form = FORM_OPERANDS;
    return frame ? (uint8_t)(form | FORM_FRAME) : form;
}

/* Bytes that are no instruction were not judged. */
static unsigned form_of(const struct verify *verify, uint32_t index)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    return instruction->class == CODE_INVALID ? FORM_MNEMONIC : instruction->form;
}

void rule_instructions(struct verify *verify)
{
    for (uint32_t i = 0; i < verify->code->instruction_count; i++) {
        unsigned form = form_of(verify, i) & ~(unsigned)FORM_FRAME;
        if (form == 0 || !is_in_function(verify, i))
            continue;
        refuse_instruction(verify, i,
                           form == FORM_MNEMONIC ? "not in the list of instructions"
                           : form == FORM_ENCODING
                               ? "has a prefix or an encoding that is not in the list"
                               : "has operands that are not in the list");
    }
}

void rule_stack_pointer(struct verify *verify)
{
    for (uint32_t i = 0; i < verify->code->instruction_count; i++) {
        if ((form_of(verify, i) & FORM_FRAME) && is_in_function(verify, i))
            refuse_instruction(verify, i, "changes rsp or rbp in a way that is not in the list");
    }
}

/* Before an opcode, legacy prefixes stand in any order. */
static bool has_gs_prefix(const struct verify *verify, uint32_t index)
{
    static const uint8_t others[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x3e, 0x26, 0x64};
    const uint8_t *bytes = code_bytes(verify->code, index);
    for (size_t i = 0; i < verify->code->instructions[index].length; i++) {
        if (bytes[i] == 0x65)
            return true;
        if (!memchr(others, bytes[i], sizeof(others)))
            return false;
    }
    return false;
}

/* `mov register, [rip + slot of rex_cpu]`, or an access through that register that leaves it as it
 * is: after it the register holds this CPU's struct rex_cpu. */
static bool leaves_base(const struct verify *verify, uint32_t index, ZydisRegister base)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT] = {0};

    if (code_operands(verify->code, index, &decoded, operands))
        return false;
    if (has_gs_prefix(verify, index)) {
        bool memory_first = operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY;
        const ZydisDecodedOperand *memory = memory_first ? &operands[0] : &operands[1];
        const ZydisDecodedOperand *other = memory_first ? &operands[1] : &operands[0];
        bool changed = other->type == ZYDIS_OPERAND_TYPE_REGISTER && is_written(other) &&
                       whole(other->reg.value) == base;
        return memory->type == ZYDIS_OPERAND_TYPE_MEMORY && memory->mem.base == base && !changed;
    }
    const struct object_symbol *slot = instruction->facts & CODE_RIP_RELATIVE
                                           ? object_slot_symbol(verify->object, instruction->target)
                                           : NULL;
    return decoded.mnemonic == ZYDIS_MNEMONIC_MOV && slot && strcmp(slot->name, "rex_cpu") == 0 &&
           operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER && operands[0].reg.value == base;
}

/* Reads of the visible fields. */
static bool is_right_access(const ZydisDecodedInstruction *decoded,
                            const ZydisDecodedOperand *operands)
{
    if (decoded->operand_count_visible != 2 || decoded->raw.prefix_count > 2 ||
        (decoded->attributes & (ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_OPERANDSIZE)))
        return false;
    const ZydisDecodedOperand *memory =
        operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY ? &operands[0] : &operands[1];
    if (memory->type != ZYDIS_OPERAND_TYPE_MEMORY || memory->mem.segment != ZYDIS_REGISTER_GS ||
        memory->mem.index != ZYDIS_REGISTER_NONE ||
        ZydisRegisterGetClass(memory->mem.base) != ZYDIS_REGCLASS_GPR64 ||
        memory->mem.disp.value < 0 ||
        memory->mem.disp.value + memory->size / 8 > REX_CPU_VISIBLE_SIZE)
        return false;
    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_CMP:
        return true;
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
        return memory == &operands[1];
    default:
        return false;
    }
}

static void check_gs_access(struct verify *verify, uint32_t index,
                            const ZydisDecodedInstruction *decoded,
                            const ZydisDecodedOperand *operands)
{
    const struct code *code = verify->code;
    const struct code_instruction *instruction = &code->instructions[index];
    const ZydisDecodedOperand *memory =
        operands[0].type == ZYDIS_OPERAND_TYPE_MEMORY ? &operands[0] : &operands[1];

    if (!is_right_access(decoded, operands))
        refuse_instruction(verify, index, "uses gs for something else than a visible field");
    else if (index == code->functions[instruction->function].first ||
             (instruction->facts & CODE_IS_TARGET) ||
             !leaves_base(verify, index - 1, memory->mem.base))
        refuse_instruction(verify, index, "uses gs without the slot of rex_cpu loaded just before");
}

void rule_gs_accesses(struct verify *verify)
{
    verify_each_instruction(verify, check_gs_access, has_gs_prefix);
}
