/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/code.h"

#include "base/diag.h"
#include "linker/decode.h"

#include <stdlib.h>
#include <string.h>

#define IMPORT_PREFIX "__rex_import_"
#define INDIRECT_THUNK "__x86_indirect_thunk_r11"
#define RETURN_THUNK "__x86_return_thunk"

/* Capacities beside the counts, needed only while reading. */
struct reader {
    struct code *code;
    struct decoder *decoder;
    uint32_t instruction_capacity;
    uint32_t site_capacity;
    uint32_t problem_capacity;
};

static int grow(void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity)
        return 0;
    if (*capacity > UINT32_MAX / 4)
        return -1;
    uint32_t larger = *capacity ? *capacity * 2 : 256;
    void *grown = reallocarray(*array, larger, size);
    if (!grown)
        return -1;
    *array = grown;
    *capacity = larger;
    return 0;
}

static int add_problem(struct reader *reader, enum code_problem_kind kind, uint64_t address,
                       uint32_t function)
{
    struct code *code = reader->code;
    if (grow((void **)&code->problems, code->problem_count, &reader->problem_capacity,
             sizeof(*code->problems)))
        return -1;
    code->problems[code->problem_count++] = (struct code_problem){
        .kind = kind,
        .address = address > UINT32_MAX ? UINT32_MAX : (uint32_t)address,
        .function = function,
    };
    return 0;
}

static bool is_executable(const struct object_segment *segment)
{
    return segment->type == PT_LOAD && (segment->flags & PF_X);
}

/* The executable segment whose file bytes hold [address, address + size). */
static const struct object_segment *segment_of(const struct object *object, uint64_t address,
                                               uint64_t size)
{
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (is_executable(segment) && address >= segment->vaddr &&
            address - segment->vaddr <= segment->file_size &&
            size <= segment->file_size - (address - segment->vaddr))
            return segment;
    }
    return NULL;
}

/* One function for each address, __cfi_ prefixes left out. */
static int collect_functions(struct reader *reader)
{
    struct code *code = reader->code;
    const struct object *object = code->object;
    code->functions = calloc(object->function_count + 1, sizeof(*code->functions));
    if (!code->functions)
        return -1;
    for (size_t i = 0; i < object->function_count; i++) {
        const struct object_function *symbol = &object->functions[i];
        struct code_function *last =
            code->function_count ? &code->functions[code->function_count - 1] : NULL;
        if (strncmp(symbol->name, "__cfi_", 6) == 0)
            continue;
        if (symbol->size == 0 || !segment_of(object, symbol->address, symbol->size) ||
            symbol->address + symbol->size > UINT32_MAX) {
            if (add_problem(reader, symbol->size ? CODE_PROBLEM_OUTSIDE : CODE_PROBLEM_EMPTY,
                            symbol->address, CODE_NONE))
                return -1;
            continue;
        }
        if (last && last->address == symbol->address) {
            if (last->size != symbol->size &&
                add_problem(reader, CODE_PROBLEM_OVERLAP, symbol->address,
                            code->function_count - 1))
                return -1;
            if (last->size < symbol->size)
                last->size = symbol->size;
            continue;
        }
        code->functions[code->function_count++] = (struct code_function){
            .name = symbol->name,
            .address = symbol->address,
            .size = symbol->size,
            .symbol = (uint32_t)i,
            .prefix = CODE_NONE,
        };
    }
    for (uint32_t i = 1; i < code->function_count; i++) {
        struct code_function *function = &code->functions[i - 1];
        uint64_t room = code->functions[i].address - function->address;
        if (function->size <= room)
            continue;
        function->size = room;
        if (add_problem(reader, CODE_PROBLEM_OVERLAP, code->functions[i].address, i))
            return -1;
    }
    return 0;
}

/* Decodes [start, end), all of it in one segment. */
static int decode_range(struct reader *reader, uint64_t start, uint64_t end, uint32_t function)
{
    struct code *code = reader->code;
    const uint8_t *bytes = object_bytes_at(code->object, start, end - start);
    if (start == end)
        return 0;
    if (!bytes)
        return add_problem(reader, CODE_PROBLEM_IMAGE, start, function);

    for (uint64_t offset = 0; offset < end - start;) {
        struct code_instruction instruction = {
            .address = (uint32_t)(start + offset),
            .landing = CODE_NONE,
            .function = function,
            .mnemonic = ZYDIS_MNEMONIC_INVALID,
            .length = 1,
            .class = CODE_INVALID,
        };
        if (decode_instruction(reader->decoder, bytes + offset, end - start - offset,
                               &instruction) &&
            add_problem(reader, CODE_PROBLEM_DECODE, instruction.address, function))
            return -1;
        if (grow((void **)&code->instructions, code->instruction_count,
                 &reader->instruction_capacity, sizeof(*code->instructions)))
            return -1;
        code->instructions[code->instruction_count++] = instruction;
        offset += instruction.length;
    }
    return 0;
}

/* What lies before a function: padding, and its kcfi prefix if it has one (`mov eax, ID`, ending
 * where the function starts). The prefix is decoded by itself, so that no padding can hide it. */
static int decode_gap(struct reader *reader, uint64_t start, struct code_function *function)
{
    struct code *code = reader->code;
    uint64_t room = function->address - start;
    const uint8_t *bytes =
        room >= 5 ? object_bytes_at(code->object, function->address - 5, 5) : NULL;
    bool prefixed = bytes && bytes[0] == 0xb8;

    if (decode_range(reader, start, function->address - (prefixed ? 5 : 0), CODE_NONE))
        return -1;
    if (!prefixed)
        return 0;
    function->prefix = code->instruction_count;
    return decode_range(reader, function->address - 5, function->address, CODE_NONE);
}

/* The bytes that a kcfi check would compare, prefix or not. */
static void read_id(struct code *code, struct code_function *function,
                    const struct object_segment *segment)
{
    if (function->address - segment->vaddr < 4)
        return;
    const uint8_t *bytes = object_bytes_at(code->object, function->address - 4, 4);
    if (!bytes)
        return;
    memcpy(&function->id, bytes, sizeof(function->id)); /* both sides are little-endian */
    function->has_id = true;
}

static int decode_segment(struct reader *reader, const struct object_segment *segment,
                          uint32_t *next)
{
    struct code *code = reader->code;
    uint64_t cursor = segment->vaddr;
    uint64_t end = segment->vaddr + segment->file_size;

    if (segment->vaddr > UINT32_MAX || segment->file_size > UINT32_MAX - segment->vaddr)
        return add_problem(reader, CODE_PROBLEM_IMAGE, segment->vaddr, CODE_NONE);
    for (; *next < code->function_count && code->functions[*next].address < end; ++*next) {
        struct code_function *function = &code->functions[*next];
        /* Segments that overlap each other: what is left out here is refused by the object reader's
         * users, and has no instructions. */
        if (function->address < cursor || function->size > end - function->address) {
            if (add_problem(reader, CODE_PROBLEM_OUTSIDE, function->address, *next))
                return -1;
            continue;
        }
        if (decode_gap(reader, cursor, function))
            return -1;
        function->first = code->instruction_count;
        read_id(code, function, segment);
        cursor = function->address + function->size;
        if (decode_range(reader, function->address, cursor, *next))
            return -1;
        function->count = code->instruction_count - function->first;
    }
    return decode_range(reader, cursor, end, CODE_NONE);
}

static int decode_segments(struct reader *reader)
{
    const struct object *object = reader->code->object;
    uint32_t next = 0;
    uint64_t end = 0;

    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (!is_executable(segment))
            continue;
        /* The gABI wants PT_LOADs in ascending order; the instruction array depends on it. */
        if (segment->vaddr < end || segment->file_size > UINT64_MAX - segment->vaddr) {
            if (add_problem(reader, CODE_PROBLEM_IMAGE, segment->vaddr, CODE_NONE))
                return -1;
            continue;
        }
        end = segment->vaddr + segment->file_size;
        if (decode_segment(reader, segment, &next))
            return -1;
    }
    return 0;
}

/* Exactly these bytes, then nothing (docs/object-format.md, "thunks"). */
static bool bytes_are(const struct code *code, const struct code_function *function,
                      const char *bytes, size_t size)
{
    const uint8_t *actual = object_bytes_at(code->object, function->address, function->size);
    return actual && function->size == size && memcmp(actual, bytes, size) == 0;
}

static bool is_import_thunk(const struct code *code, const struct code_function *function)
{
    const uint8_t *bytes = object_bytes_at(code->object, function->address, function->size);
    if (!bytes || function->size != 10 || function->count != 2 ||
        memcmp(bytes, "\xf3\x0f\x1e\xfa\xff\x25", 6) != 0)
        return false;
    const struct object_symbol *symbol =
        object_slot_symbol(code->object, code->instructions[function->first + 1].target);
    return symbol && strcmp(symbol->name, function->name + strlen(IMPORT_PREFIX)) == 0;
}

/* A thunk must be the only name of its bytes, or a call to it would be a call to the other name
 * too. */
static int recognise_thunks(struct reader *reader)
{
    struct code *code = reader->code;
    for (uint32_t i = 0; i < code->function_count; i++) {
        struct code_function *function = &code->functions[i];
        bool right;

        /* collect_functions() named each.
         * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
        if (strncmp(function->name, IMPORT_PREFIX, strlen(IMPORT_PREFIX)) == 0) {
            right = is_import_thunk(code, function);
            if (right) {
                function->kind = CODE_IMPORT_THUNK;
                function->import = function->name + strlen(IMPORT_PREFIX);
            }
        } else if (strcmp(function->name, INDIRECT_THUNK) == 0) {
            right =
                bytes_are(code, function, "\x41\xff\xe3", 3) && code->indirect_thunk == CODE_NONE;
            if (right) {
                function->kind = CODE_INDIRECT_THUNK;
                code->indirect_thunk = i;
            }
        } else if (strcmp(function->name, RETURN_THUNK) == 0) {
            right = bytes_are(code, function, "\xc3", 1) && code->return_thunk == CODE_NONE;
            if (right) {
                function->kind = CODE_RETURN_THUNK;
                code->return_thunk = i;
            }
        } else {
            continue;
        }
        if (!right && add_problem(reader, CODE_PROBLEM_THUNK, function->address, i))
            return -1;
    }
    return 0;
}

static bool targets_function(const struct code *code, const struct code_instruction *instruction,
                             uint32_t function)
{
    return function != CODE_NONE && instruction->target == code->functions[function].address;
}

#define CHECK_LENGTH 4u /* instructions before the call or jmp */

/* Whether the instruction ends a kcfi check; see the form in code.h. */
static bool read_check(const struct code *code, uint32_t index, uint32_t *id)
{
    const struct code_instruction *end = &code->instructions[index];
    if (end->function == CODE_NONE || index - code->functions[end->function].first < CHECK_LENGTH ||
        end->length != 5)
        return false;
    const struct code_instruction *start = end - CHECK_LENGTH;
    if (start[0].length != 6 || start[1].length != 4 || start[2].length != 2 ||
        start[3].length != 2)
        return false;
    const uint8_t *bytes = code_bytes(code, index - CHECK_LENGTH);
    uint32_t negated;
    if (memcmp(bytes, "\x41\xba", 2) != 0 ||
        memcmp(bytes + 6, "\x45\x03\x53\xfc\x74\x02\x0f\x0b", 8) != 0)
        return false;
    memcpy(&negated, bytes + 2, sizeof(negated));
    *id = -negated;
    return true;
}

/* Branches to the two register thunks get their own classes; sites are listed. */
static int recognise_sites(struct reader *reader)
{
    struct code *code = reader->code;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        struct code_instruction *instruction = &code->instructions[i];
        bool transfer = instruction->class == CODE_CALL || instruction->class == CODE_JUMP;
        if (!transfer && instruction->class != CODE_BRANCH)
            continue;
        if (targets_function(code, instruction, code->return_thunk) &&
            instruction->class == CODE_JUMP) {
            instruction->class = CODE_RETURN;
            continue;
        }
        if (!targets_function(code, instruction, code->indirect_thunk))
            continue;
        struct code_site site = {.instruction = i};
        if (transfer) {
            instruction->class =
                instruction->class == CODE_CALL ? CODE_INDIRECT_CALL : CODE_INDIRECT_JUMP;
            site.checked = read_check(code, i, &site.id);
        }
        if (!site.checked && add_problem(reader, CODE_PROBLEM_UNCHECKED, instruction->address,
                                         instruction->function))
            return -1;
        for (uint32_t j = 0; site.checked && j <= CHECK_LENGTH; j++)
            code->instructions[i - j].facts |= CODE_IN_CHECK;
        if (grow((void **)&code->sites, code->site_count, &reader->site_capacity,
                 sizeof(*code->sites)))
            return -1;
        code->sites[code->site_count++] = site;
    }
    return 0;
}

/* The instruction at an address, of a range that is in address order. */
static uint32_t search(const struct code *code, uint32_t low, uint32_t high, uint64_t address)
{
    uint32_t end = high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->instructions[middle].address < address)
            low = middle + 1;
        else
            high = middle;
    }
    return low < end && code->instructions[low].address == address ? low : CODE_NONE;
}

/* Most branches stay in their function. */
static uint32_t find_landing(const struct code *code, const struct code_instruction *branch)
{
    const struct code_function *own =
        branch->function == CODE_NONE ? NULL : &code->functions[branch->function];
    if (own && branch->target >= own->address && branch->target - own->address < own->size)
        return search(code, own->first, own->first + own->count, branch->target);
    return code_at(code, branch->target);
}

/* About as many stretches as functions, so that few functions begin in one: a search among all of
 * a large image's would wait for memory at each step. */
static int make_stretches(struct code *code)
{
    if (code->function_count == 0)
        return 0;
    const uint64_t first = code->functions[0].address;
    const uint64_t span = code->functions[code->function_count - 1].address - first;
    while (span >> code->stretch_shift > code->function_count)
        code->stretch_shift++;
    code->stretch_count = (uint32_t)(span >> code->stretch_shift) + 1;
    code->stretches = calloc(code->stretch_count, sizeof(*code->stretches));
    if (!code->stretches)
        return -1;
    uint32_t next = 0;
    for (uint32_t i = 0; i < code->function_count; i++) {
        uint64_t stretch = (code->functions[i].address - first) >> code->stretch_shift;
        while (next <= stretch)
            code->stretches[next++] = i;
    }
    return 0;
}

/* Where each direct branch lands. */
static int check_targets(struct reader *reader)
{
    struct code *code = reader->code;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        struct code_instruction *instruction = &code->instructions[i];
        if (instruction->class != CODE_CALL && instruction->class != CODE_JUMP &&
            instruction->class != CODE_BRANCH)
            continue;
        uint32_t target = instruction->landing = find_landing(code, instruction);
        if (instruction->class == CODE_BRANCH && (instruction->facts & CODE_IN_CHECK))
            continue; /* je +2, over the ud2 */
        bool right = target != CODE_NONE && instruction->function != CODE_NONE;
        if (right) {
            uint32_t there = code->instructions[target].function;
            bool starts = there != CODE_NONE && code->functions[there].first == target;
            right = starts || (there == instruction->function && instruction->class != CODE_CALL);
        }
        if (right)
            code->instructions[target].facts |= CODE_IS_TARGET;
        else if (add_problem(reader, CODE_PROBLEM_TARGET, instruction->address,
                             instruction->function))
            return -1;
    }
    for (uint32_t i = 0; i < code->site_count; i++) {
        uint32_t end = code->sites[i].instruction;
        for (uint32_t j = 0; code->sites[i].checked && j < CHECK_LENGTH; j++) {
            const struct code_instruction *inside = &code->instructions[end - j];
            if ((inside->facts & CODE_IS_TARGET) &&
                add_problem(reader, CODE_PROBLEM_INTO_CHECK, inside->address, inside->function))
                return -1;
        }
    }
    return 0;
}

static int check_transfers(struct reader *reader)
{
    struct code *code = reader->code;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        enum code_function_kind kind = instruction->function == CODE_NONE
                                           ? CODE_FUNCTION
                                           : code->functions[instruction->function].kind;
        bool bare =
            instruction->class == CODE_OTHER ||
            ((instruction->class == CODE_BARE_INDIRECT || instruction->class == CODE_BARE_RETURN) &&
             kind == CODE_FUNCTION);
        if (bare &&
            add_problem(reader, CODE_PROBLEM_BARE, instruction->address, instruction->function))
            return -1;
    }
    return 0;
}

int code_read(struct diag *diag, const struct object *object, code_judge *judge,
              struct code **result)
{
    struct code *code = calloc(1, sizeof(*code));
    struct reader reader = {.code = code, .decoder = decoder_new(judge)};

    *result = NULL;
    if (!code || !reader.decoder)
        goto no_memory;
    code->object = object;
    code->indirect_thunk = CODE_NONE;
    code->return_thunk = CODE_NONE;
    if (ZYAN_FAILED(
            ZydisDecoderInit(&code->decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64)))
        goto no_memory; /* cannot happen with these constants */
    if (collect_functions(&reader) || make_stretches(code) || decode_segments(&reader) ||
        recognise_thunks(&reader) || recognise_sites(&reader) || check_targets(&reader) ||
        check_transfers(&reader))
        goto no_memory;
    decoder_free(reader.decoder);
    *result = code;
    return 0;

no_memory:
    decoder_free(reader.decoder);
    code_free(code);
    return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory while decoding machine code");
}

void code_free(struct code *code)
{
    if (!code)
        return;
    free(code->instructions);
    free(code->functions);
    free(code->stretches);
    free(code->sites);
    free(code->problems);
    free(code);
}

uint32_t code_at(const struct code *code, uint64_t address)
{
    uint32_t function = code_function_containing(code, address);
    if (function == CODE_NONE)
        return search(code, 0, code->instruction_count, address);
    const struct code_function *around = &code->functions[function];
    return search(code, around->first, around->first + around->count, address);
}

uint32_t code_function_containing(const struct code *code, uint64_t address)
{
    if (code->function_count == 0 || address < code->functions[0].address)
        return CODE_NONE;
    uint64_t stretch = (address - code->functions[0].address) >> code->stretch_shift;
    if (stretch >= code->stretch_count)
        stretch = code->stretch_count - 1;
    uint32_t low = code->stretches[stretch];
    uint32_t high =
        stretch + 1 < code->stretch_count ? code->stretches[stretch + 1] : code->function_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->functions[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address - code->functions[low - 1].address >= code->functions[low - 1].size)
        return CODE_NONE;
    return low - 1;
}

uint32_t code_function_at(const struct code *code, uint64_t address)
{
    uint32_t function = code_function_containing(code, address);
    return function != CODE_NONE && code->functions[function].address == address ? function
                                                                                 : CODE_NONE;
}

const struct code_site *code_site(const struct code *code, uint32_t instruction)
{
    uint32_t low = 0, high = code->site_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->sites[middle].instruction < instruction)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->site_count && code->sites[low].instruction == instruction ? &code->sites[low]
                                                                                 : NULL;
}

const uint8_t *code_bytes(const struct code *code, uint32_t instruction)
{
    return object_bytes_at(code->object, code->instructions[instruction].address,
                           code->instructions[instruction].length);
}

int code_operands(const struct code *code, uint32_t instruction, ZydisDecodedInstruction *decoded,
                  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT])
{
    const struct code_instruction *known = &code->instructions[instruction];
    if (known->class == CODE_INVALID)
        return -1;
    return ZYAN_SUCCESS(ZydisDecoderDecodeFull(&code->decoder, code_bytes(code, instruction),
                                               known->length, decoded, operands))
               ? 0
               : -1;
}

void code_format(const struct code *code, uint32_t instruction, char *text, size_t size)
{
    ZydisDecodedInstruction decoded;
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisFormatter formatter;

    if (size == 0)
        return;
    if (code_operands(code, instruction, &decoded, operands) ||
        ZYAN_FAILED(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)) ||
        ZYAN_FAILED(ZydisFormatterFormatInstruction(
            &formatter, &decoded, operands, decoded.operand_count_visible, text, size,
            code->instructions[instruction].address, ZYAN_NULL))) {
        strncpy(text, "(bytes that are no instruction)", size - 1);
        text[size - 1] = '\0';
    }
}

const char *code_problem_text(enum code_problem_kind kind)
{
    switch (kind) {
    case CODE_PROBLEM_IMAGE:
        return "an executable segment overlaps another, is not in the file, or lies beyond 4 GiB";
    case CODE_PROBLEM_OUTSIDE:
        return "a function is not wholly inside an executable segment";
    case CODE_PROBLEM_EMPTY:
        return "a function has no size";
    case CODE_PROBLEM_OVERLAP:
        return "two functions overlap, or two names of one function differ in size";
    case CODE_PROBLEM_DECODE:
        return "the bytes are no instruction, or one that runs over the function's end";
    case CODE_PROBLEM_TARGET:
        return "a branch leads neither to an instruction of its own function nor to a function's "
               "start";
    case CODE_PROBLEM_INTO_CHECK:
        return "a branch leads past the beginning of the check of an indirect call";
    case CODE_PROBLEM_UNCHECKED:
        return "an indirect call or jump without the check of its callee's type";
    case CODE_PROBLEM_BARE:
        return "an indirect branch, return, or other transfer of control outside the thunks";
    case CODE_PROBLEM_THUNK:
        return "a thunk's bytes are not the known ones";
    }
    return "unknown problem";
}
