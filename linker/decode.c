/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/decode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * An instruction that was decoded. No instruction's bytes are the beginning of another's: the
 * decoder, like the processor, reads byte for byte and stops where the instruction is complete. So
 * the same first `length` bytes are the same instruction, wherever they are and whatever follows.
 */
struct remembered {
    uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH];
    uint8_t length; /* 0: nothing is remembered here */
    uint32_t mnemonic : 12;
    uint32_t class : 5;
    uint32_t facts : 7;
    uint32_t form : 4;
    int64_t distance; /* of the target from the instruction's end */
};

static_assert(ZYDIS_MNEMONIC_MAX_VALUE < 1 << 12, "fits struct code_instruction");

#define REMEMBERED_BITS 10
#define KEY_SIZE 4u /* bytes that say where an instruction is remembered */

struct decoder {
    ZydisDecoder zydis;
    code_judge *judge;
    struct remembered remembered[1u << REMEMBERED_BITS];
};

struct decoder *decoder_new(code_judge *judge)
{
    struct decoder *decoder = calloc(1, sizeof(*decoder));

    if (!decoder)
        return NULL;
    decoder->judge = judge;
    if (ZYAN_FAILED(
            ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64))) {
        free(decoder); /* cannot happen with these constants */
        return NULL;
    }
    return decoder;
}

void decoder_free(struct decoder *decoder)
{
    free(decoder);
}

static uint16_t register_facts(ZydisRegister name)
{
    switch (name) {
    case ZYDIS_REGISTER_RSP:
    case ZYDIS_REGISTER_ESP:
    case ZYDIS_REGISTER_SP:
    case ZYDIS_REGISTER_SPL:
        return CODE_TOUCHES_RSP;
    case ZYDIS_REGISTER_RBP:
    case ZYDIS_REGISTER_EBP:
    case ZYDIS_REGISTER_BP:
    case ZYDIS_REGISTER_BPL:
        return CODE_TOUCHES_RBP;
    default:
        return 0;
    }
}

/* Which of rsp and rbp an operand names, and whether it is rip-relative. */
static uint16_t operand_facts(const ZydisDecodedOperand *operand)
{
    switch (operand->type) {
    case ZYDIS_OPERAND_TYPE_REGISTER:
        return register_facts(operand->reg.value);
    case ZYDIS_OPERAND_TYPE_MEMORY:
        if (operand->mem.base != ZYDIS_REGISTER_RIP)
            return register_facts(operand->mem.base) | register_facts(operand->mem.index);
        return CODE_RIP_RELATIVE;
    default:
        return 0;
    }
}

static enum code_class classify(const ZydisDecodedInstruction *decoded,
                                const ZydisDecodedOperand *operands)
{
    bool relative = decoded->operand_count_visible > 0 &&
                    operands[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operands[0].imm.is_relative;
    bool near = decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_NEAR ||
                decoded->meta.branch_type == ZYDIS_BRANCH_TYPE_SHORT;

    switch (decoded->mnemonic) {
    case ZYDIS_MNEMONIC_ENDBR64:
        return CODE_ENDBR;
    case ZYDIS_MNEMONIC_INT3:
        return CODE_INT3;
    case ZYDIS_MNEMONIC_UD2:
        return CODE_TRAP;
    case ZYDIS_MNEMONIC_NOP:
        return CODE_NOP;
    case ZYDIS_MNEMONIC_XBEGIN: /* an abort resumes at its operand */
    case ZYDIS_MNEMONIC_UIRET:  /* takes rip and rsp from the stack */
    case ZYDIS_MNEMONIC_VMLAUNCH:
    case ZYDIS_MNEMONIC_VMRESUME:
    case ZYDIS_MNEMONIC_VMRUN:
    case ZYDIS_MNEMONIC_SKINIT:
    case ZYDIS_MNEMONIC_GETSEC:
    case ZYDIS_MNEMONIC_ENCLU:
    case ZYDIS_MNEMONIC_SEAMCALL:
    case ZYDIS_MNEMONIC_SEAMRET:
        return CODE_OTHER;
    default:
        break;
    }
    switch (decoded->meta.category) {
    case ZYDIS_CATEGORY_CALL:
        return !near ? CODE_OTHER : relative ? CODE_CALL : CODE_BARE_INDIRECT;
    case ZYDIS_CATEGORY_UNCOND_BR:
        return !near ? CODE_OTHER : relative ? CODE_JUMP : CODE_BARE_INDIRECT;
    case ZYDIS_CATEGORY_COND_BR:
        return near && relative ? CODE_BRANCH : CODE_OTHER;
    case ZYDIS_CATEGORY_RET:
        return near ? CODE_BARE_RETURN : CODE_OTHER;
    case ZYDIS_CATEGORY_INTERRUPT:
    case ZYDIS_CATEGORY_SYSCALL:
    case ZYDIS_CATEGORY_SYSRET:
        return CODE_OTHER;
    default:
        return CODE_PLAIN;
    }
}

static bool has_target(enum code_class class, uint32_t facts)
{
    return class == CODE_CALL || class == CODE_JUMP || class == CODE_BRANCH ||
           (facts & CODE_RIP_RELATIVE);
}

/* Where a direct branch leads, or what a rip-relative operand is the address of. In 64-bit code
 * both are at the same distance wherever the instruction is: operand-size prefixes cut no target,
 * and an address of 32 bits (eip) counts as no rip-relative operand. */
static bool absolute_target(const ZydisDecodedInstruction *decoded,
                            const ZydisDecodedOperand *operands, uint64_t address, uint64_t *target)
{
    for (size_t i = 0; i < decoded->operand_count; i++) {
        const ZydisDecodedOperand *operand = &operands[i];
        bool memory =
            operand->type == ZYDIS_OPERAND_TYPE_MEMORY && operand->mem.base == ZYDIS_REGISTER_RIP;
        bool branch = operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE && operand->imm.is_relative;
        if (memory || branch)
            return ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(decoded, operand, address, target));
    }
    return false;
}

/* Addresses beyond 4 GiB are no image addresses; which of them does not matter. */
static void fill_in(struct code_instruction *instruction, const struct remembered *known)
{
    enum code_class class = known->class;
    uint64_t target = instruction->address + known->length + (uint64_t)known->distance;

    instruction->mnemonic = known->mnemonic;
    instruction->length = known->length & 0xfu;
    instruction->class = known->class;
    instruction->facts = known->facts;
    instruction->form = known->form;
    instruction->target = !has_target(class, known->facts) ? 0
                          : target > UINT32_MAX            ? UINT32_MAX
                                                           : (uint32_t)target;
}

static struct remembered *place_of(struct decoder *decoder, const uint8_t *bytes)
{
    uint32_t key;
    memcpy(&key, bytes, KEY_SIZE);
    /* Multiplicative hashing (Knuth, The Art of Computer Programming, 6.4). */
    return &decoder->remembered[(key * 2654435769u) >> (32 - REMEMBERED_BITS)];
}

int decode_instruction(struct decoder *decoder, const uint8_t *bytes, uint64_t room,
                       struct code_instruction *instruction)
{
    struct remembered *place = room >= KEY_SIZE ? place_of(decoder, bytes) : NULL;
    ZydisDecoderContext context;
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint64_t target = UINT32_MAX;
    uint32_t facts = 0;

    if (place && place->length > 0 && place->length <= room &&
        memcmp(place->bytes, bytes, place->length) == 0) {
        fill_in(instruction, place);
        return 0;
    }
    if (ZYAN_FAILED(
            ZydisDecoderDecodeInstruction(&decoder->zydis, &context, bytes, room, &decoded)) ||
        ZYAN_FAILED(ZydisDecoderDecodeOperands(&decoder->zydis, &context, &decoded, operands,
                                               decoded.operand_count)))
        return -1;

    for (size_t i = 0; i < decoded.operand_count; i++)
        facts |= operand_facts(&operands[i]);
    bool found = absolute_target(&decoded, operands, instruction->address, &target);
    struct remembered known = {
        .length = decoded.length,
        .mnemonic = (unsigned)decoded.mnemonic & 0xfffu,
        .class = (unsigned)classify(&decoded, operands) & 0x1fu,
        .facts = facts & 0x7fu,
        .form = decoder->judge ? decoder->judge(&decoded, operands) & 0xfu : 0,
        .distance = (int64_t)(target - instruction->address - decoded.length),
    };
    memcpy(known.bytes, bytes, decoded.length);
    fill_in(instruction, &known);
    if (place && (found || !has_target(known.class, facts)))
        *place = known;
    return 0;
}
