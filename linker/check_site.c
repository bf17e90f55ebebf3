/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/check_site.h"

#include <string.h>

#define INSTRUCTIONS 6u
#define SIZE 34u

bool check_site_match(const struct code *code, uint32_t index, struct check_site *site)
{
    const struct code_function *function = &code->functions[index];
    if (function->size != SIZE || function->count != INSTRUCTIONS)
        return false;
    const struct code_instruction *instructions = &code->instructions[function->first];
    const uint8_t *bytes = object_bytes_at(code->object, function->address, SIZE);
    int32_t displacement;

    if (memcmp(bytes, "\xf3\x0f\x1e\xfa\x4c\x8d\x94\x24", 8) != 0 ||
        memcmp(bytes + 12, "\x4c\x8b\x1d", 3) != 0 ||
        memcmp(bytes + 19, "\x65\x4d\x3b\x13\x0f\x82", 6) != 0 || bytes[29] != 0xe9)
        return false;
    memcpy(&displacement, bytes + 8, sizeof(displacement));
    const struct object_symbol *slot = object_slot_symbol(code->object, instructions[2].target);
    uint32_t overflow = code_function_at(code, instructions[4].target);
    uint32_t body = code_function_at(code, instructions[5].target);
    if (displacement > 0 || displacement == INT32_MIN || !slot ||
        strcmp(slot->name, "rex_cpu") != 0 || overflow == CODE_NONE ||
        code->functions[overflow].kind != CODE_IMPORT_THUNK ||
        strcmp(code->functions[overflow].import, "rex_stack_overflow") != 0 || body == CODE_NONE ||
        body == index || code->functions[body].kind != CODE_FUNCTION)
        return false;
    *site = (struct check_site){.need = (uint32_t)-displacement, .body = body};
    return true;
}
