/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/probe.h"

#include <string.h>

static bool matches(const struct code *code, uint32_t at, const char *const *bytes, uint32_t count,
                    const size_t *lengths)
{
    const struct code_function *function = &code->functions[code->instructions[at].function];
    if (function->first + function->count - at < count)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (code->instructions[at + i].length < lengths[i] ||
            memcmp(code_bytes(code, at + i), bytes[i], lengths[i]) != 0)
            return false;
    return true;
}

static int32_t immediate_at(const struct code *code, uint32_t at, size_t offset)
{
    int32_t value;
    memcpy(&value, code_bytes(code, at) + offset, sizeof(value));
    return value;
}

static bool jumps_to(const struct code *code, uint32_t at, uint32_t target)
{
    const struct code_instruction *instructions = code->instructions;
    return instructions[at].target == instructions[target].address;
}

#define MOV_R11_RSP "\x49\x89\xe3"
#define SUB_RSP_PAGE "\x48\x81\xec\x00\x10\x00\x00"
#define STORE_ZERO "\x48\xc7\x04\x24\x00\x00\x00\x00"
#define CMP_RSP_R11 "\x4c\x39\xdc"
#define CMP_R11_RSP "\x49\x39\xe3"
#define MOV_RSP_R11 "\x4c\x89\xdc"

bool probe_match(const struct code *code, uint32_t at, struct probe *probe)
{
    /* mov r11, rsp ; sub r11, amount ; loop: sub rsp, 4096 ; mov qword [rsp], 0 ; cmp rsp, r11 ;
     * jne loop */
    static const char *const plain[] = {MOV_R11_RSP, "\x49\x81\xeb", SUB_RSP_PAGE,
                                        STORE_ZERO,  CMP_RSP_R11,    "\x75"};
    static const size_t plain_lengths[] = {3, 3, 7, 8, 3, 1};
    /* mov r11, rsp ; and r11, -align ; cmp r11, rsp ; je done ; sub rsp, 4096 ; cmp rsp, r11 ; jb
     * foot ; body: mov qword [rsp], 0 ; sub rsp, 4096 ; cmp r11, rsp ; jb body ; foot: mov rsp, r11
     * ; mov qword [rsp], 0 ; done: */
    static const char *const aligned[] = {
        MOV_R11_RSP, "\x49\x81\xe3", CMP_R11_RSP, "\x74", SUB_RSP_PAGE, CMP_RSP_R11, "\x72",
        STORE_ZERO,  SUB_RSP_PAGE,   CMP_R11_RSP, "\x72", MOV_RSP_R11,  STORE_ZERO};
    static const size_t aligned_lengths[] = {3, 3, 3, 1, 7, 3, 1, 8, 7, 3, 1, 3, 8};

    if (matches(code, at, plain, 6, plain_lengths)) {
        *probe = (struct probe){.length = 6, .amount = immediate_at(code, at + 1, 3)};
        return probe->amount > 0 && probe->amount % 4096 == 0 && jumps_to(code, at + 5, at + 2);
    }
    if (matches(code, at, aligned, 13, aligned_lengths)) {
        *probe = (struct probe){
            .length = 13, .amount = -(int64_t)immediate_at(code, at + 1, 3), .realigns = true};
        const struct code_instruction *last = &code->instructions[at + 12];
        return code->instructions[at + 3].target == last->address + last->length &&
               jumps_to(code, at + 6, at + 11) && jumps_to(code, at + 10, at + 7);
    }
    return false;
}
