/* SPDX-License-Identifier: Apache-2.0 */
/* The allow-list of verify_instructions.def, and the accesses through gs. */
#include "linker/verify_rules.h"

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

/* rsp or rbp, whole or in part, as a destination. */
static bool writes_frame(const ZydisDecodedOperand *operand)
{
    return operand->type == ZYDIS_OPERAND_TYPE_REGISTER && is_written(operand) &&
           is_frame_register(whole(operand->reg.value));
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

    for (const char *form = forms; *form;) {
        size_t length = strcspn(form, " "), i = 0;
        if (form[0] == '*' || (form[0] == '-' && count == 0))
            return true;
        while (i < length && i < count && operand_is(form[i], &operands[i], lea))
            i++;
        if (i == length && i == count)
            return true;
        form += length;
        form += *form == ' ';
    }
    return false;
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

/* Calls visit for each instruction of a function that is not a thunk. */
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

static bool always(const struct verify *verify, uint32_t index)
{
    (void)verify;
    (void)index;
    return true;
}

static void check_instruction(struct verify *verify, uint32_t index,
                              const ZydisDecodedInstruction *decoded,
                              const ZydisDecodedOperand *operands)
{
    const struct allowed *allowed = &list[decoded->mnemonic];

    if (!allowed->forms)
        refuse_instruction(verify, index, "not in the list of instructions");
    else if (decoded->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY ||
             decoded->address_width != 64 || !prefixes_are_right(allowed, decoded, operands))
        refuse_instruction(verify, index, "has a prefix or an encoding that is not in the list");
    else if (((allowed->flags & WIDE) && decoded->operand_width != 64) ||
             (!matches(allowed->forms, decoded, operands) && !writes_any_frame(decoded, operands)))
        refuse_instruction(verify, index, "has operands that are not in the list");
}

void rule_instructions(struct verify *verify)
{
    verify_each_instruction(verify, check_instruction, always);
}

static bool touches_frame(const struct verify *verify, uint32_t index)
{
    return (verify->code->instructions[index].facts & (CODE_TOUCHES_RSP | CODE_TOUCHES_RBP)) != 0;
}

static void check_stack_pointer(struct verify *verify, uint32_t index,
                                const ZydisDecodedInstruction *decoded,
                                const ZydisDecodedOperand *operands)
{
    const char *forms = list[decoded->mnemonic].forms;
    if (writes_any_frame(decoded, operands) && forms && !matches(forms, decoded, operands))
        refuse_instruction(verify, index, "changes rsp or rbp in a way that is not in the list");
}

void rule_stack_pointer(struct verify *verify)
{
    verify_each_instruction(verify, check_stack_pointer, touches_frame);
}

/* Before an opcode, legacy prefixes stand in any order. */
static bool has_gs_prefix(const struct verify *verify, uint32_t index)
{
    const uint8_t *bytes = code_bytes(verify->code, index);
    for (size_t i = 0; i < verify->code->instructions[index].length; i++) {
        if (bytes[i] == 0x65)
            return true;
        if (!memchr("\x66\x67\xf0\xf2\xf3\x2e\x36\x3e\x26\x64", bytes[i], 10))
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

/* Reads of the visible fields; writes of what the crate may say about itself. */
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
        return memory == &operands[1] ||
               (memory->mem.disp.value == REX_CPU_TERMINATION && memory->size == 8 &&
                operands[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
                (operands[1].imm.value.u == REX_TERMINATION_PROGRAM ||
                 operands[1].imm.value.u == REX_TERMINATION_HELPER));
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
