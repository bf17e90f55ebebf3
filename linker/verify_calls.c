/* SPDX-License-Identifier: Apache-2.0 */
/* Who may be called by whom: addresses that are taken, kcfi ids, and imports by program type. */
#include "linker/verify_rules.h"

#include <stdlib.h>
#include <string.h>

static int compare_sets(const void *left, const void *right)
{
    const struct verify_set *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

struct verify_set *verify_set_of(const struct verify *verify, uint32_t id)
{
    struct verify_set key = {.id = id};
    return bsearch(&key, verify->sets, verify->set_count, sizeof(key), compare_sets);
}

/* The set that a function is in; NULL when no check demands its id. */
static struct verify_set *set_of_function(const struct verify *verify, uint32_t function)
{
    const struct code_function *candidate = &verify->code->functions[function];
    return candidate->has_id ? verify_set_of(verify, candidate->id) : NULL;
}

void verify_find_sets(struct verify *verify)
{
    const struct code *code = verify->code;
    uint32_t count = 0, next = 0;

    verify->sets = calloc(code->site_count + 1, sizeof(*verify->sets));
    verify->members = calloc(code->function_count + 1, sizeof(*verify->members));
    if (!verify->sets || !verify->members) {
        verify->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < code->site_count; i++)
        verify->sets[i].id = code->sites[i].id;
    qsort(verify->sets, code->site_count, sizeof(*verify->sets), compare_sets);
    for (uint32_t i = 0; i < code->site_count; i++) {
        if (count == 0 || verify->sets[i].id != verify->sets[count - 1].id)
            verify->sets[count++] = verify->sets[i];
    }
    verify->set_count = count;

    struct verify_set *set;
    for (uint32_t i = 0; i < code->function_count; i++) {
        if ((set = set_of_function(verify, i)))
            set->count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        verify->sets[i].first = next;
        next += verify->sets[i].count;
        verify->sets[i].count = 0;
    }
    for (uint32_t i = 0; i < code->function_count; i++) {
        if ((set = set_of_function(verify, i)))
            verify->members[set->first + set->count++] = i;
    }
}

static bool is_text(const struct verify *verify, uint64_t address)
{
    return address >= verify->text_start && address < verify->text_end;
}

/* Marks the function at an address that something points to; false when no function begins there.
 */
static bool take_address(struct verify *verify, uint64_t address)
{
    uint32_t function = code_function_at(verify->code, address);
    if (function == CODE_NONE || verify->code->functions[function].kind != CODE_FUNCTION)
        return false;
    verify->address_taken[function] = true;
    return true;
}

/* The address that a lea makes in executable memory. */
static bool lea_into_text(const struct verify *verify, uint32_t index)
{
    const struct code_instruction *instruction = &verify->code->instructions[index];
    return instruction->mnemonic == ZYDIS_MNEMONIC_LEA &&
           (instruction->facts & CODE_RIP_RELATIVE) && is_text(verify, instruction->target);
}

void verify_find_addresses(struct verify *verify)
{
    const struct object *object = verify->object;

    verify->address_taken =
        calloc(verify->code->function_count + 1, sizeof(*verify->address_taken));
    if (!verify->address_taken) {
        verify->out_of_memory = true;
        return;
    }
    for (uint32_t i = 0; i < verify->code->instruction_count; i++) {
        if (lea_into_text(verify, i))
            take_address(verify, verify->code->instructions[i].target);
    }
    for (size_t i = 0; i < object->relocation_count; i++) {
        if (object->relocations[i].type == R_X86_64_RELATIVE)
            take_address(verify, (uint64_t)object->relocations[i].addend);
    }
}

void rule_addresses(struct verify *verify)
{
    const struct object *object = verify->object;

    for (uint32_t i = 0; i < verify->code->instruction_count; i++) {
        if (lea_into_text(verify, i) && !take_address(verify, verify->code->instructions[i].target))
            refuse_instruction(verify, i, "takes an address of code that is no function's");
    }
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type == R_X86_64_RELATIVE &&
            is_text(verify, (uint64_t)relocation->addend) &&
            !take_address(verify, (uint64_t)relocation->addend))
            refuse_at(verify, relocation->offset, "points to 0x%lx, code that is no function's",
                      relocation->addend);
    }
}

/* Functions that runtimes call. */
static bool is_entered(const struct verify *verify, const struct code_function *function)
{
    const struct object_section *section =
        &verify->object->sections[verify->object->functions[function->symbol].section];
    return is_program_section(section->name) ||
           strcmp(function->name, REX_SYMBOL_HANDLE_TIMEOUT) == 0 ||
           strcmp(function->name, REX_SYMBOL_PANIC_BODY) == 0;
}

/* The CPU does not ask where an instruction begins: it takes the bytes of endbr64 for a place to
 * land in the middle of another one, too. */
static void refuse_other_endbr(struct verify *verify)
{
    static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa};
    const struct code *code = verify->code;

    for (uint64_t at = verify->text_start; at + sizeof(endbr) <= verify->text_end; at++) {
        if (verify->image[at] != endbr[0] ||
            memcmp(verify->image + at, endbr, sizeof(endbr)) != 0 ||
            code_function_at(code, at) != CODE_NONE)
            continue;
        /* The instruction that holds the first byte. */
        uint32_t index = CODE_NONE;
        for (uint64_t back = 0; back < ZYDIS_MAX_INSTRUCTION_LENGTH && index == CODE_NONE; back++)
            index = code_at(code, at - back);
        if (index == CODE_NONE)
            refuse_at(verify, at, "endbr64 between the instructions");
        else if (code->instructions[index].class == CODE_ENDBR &&
                 code->instructions[index].address == at)
            refuse_instruction(verify, index, "stands inside a function");
        else
            refuse_instruction(verify, index,
                               "has the bytes of endbr64 in it; where they are of a constant C of "
                               "the source, write it as core::hint::black_box(C - 1) + 1");
    }
}

void rule_endbr(struct verify *verify)
{
    const struct code *code = verify->code;

    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct code_function *function = &code->functions[i];
        if (function->kind != CODE_FUNCTION)
            continue;
        if ((verify->address_taken[i] || is_entered(verify, function)) &&
            code->instructions[function->first].class != CODE_ENDBR)
            refuse_at(verify, function->address,
                      "can be called indirectly, but does not begin with "
                      "endbr64");
    }
    refuse_other_endbr(verify);
}

/* Whether the four bytes before that address are the prefix of a function that may be called. */
static bool is_member(const struct verify *verify, uint64_t address)
{
    uint32_t function = code_function_at(verify->code, address);
    return function != CODE_NONE && verify->code->functions[function].kind == CODE_FUNCTION &&
           verify->code->functions[function].prefix != CODE_NONE && verify->address_taken[function];
}

/* A check compares the four bytes before wherever the pointer leads. So whatever four bytes in
 * front of an executable address, as loaders lay them out, equal a demanded id make a callee of
 * that address. */
void rule_kcfi_ids(struct verify *verify)
{
    bool first_bytes[256] = {false};
    uint32_t id;

    for (uint32_t i = 0; i < verify->set_count; i++)
        first_bytes[verify->sets[i].id & 0xffu] = true;
    /* The image begins with an ELF header that is not executable: there are bytes in front of the
     * text. */
    for (uint64_t at = verify->text_start - sizeof(id); at + sizeof(id) < verify->text_end; at++) {
        if (!first_bytes[verify->image[at]])
            continue;
        memcpy(&id, verify->image + at, sizeof(id));
        if (verify_set_of(verify, id) && !is_member(verify, at + sizeof(id)))
            refuse_at(verify, at, "the bytes of id 0x%08x make a callee of 0x%lx", id,
                      at + sizeof(id));
    }
}

/* The functions that control may reach from some roots. */
struct reach {
    bool *functions; /* by function */
    bool *sets;      /* by set: its members are in */
    uint32_t *queue;
    uint32_t length;
};

static void add_function(struct reach *reach, uint32_t function)
{
    if (function == CODE_NONE || reach->functions[function])
        return;
    reach->functions[function] = true;
    reach->queue[reach->length++] = function;
}

static void add_set(const struct verify *verify, struct reach *reach, uint32_t instruction)
{
    const struct code_site *site = code_site(verify->code, instruction);
    const struct verify_set *set = verify_set_of(verify, site->id);
    if (reach->sets[set - verify->sets])
        return;
    reach->sets[set - verify->sets] = true;
    for (uint32_t i = 0; i < set->count; i++)
        add_function(reach, verify->members[set->first + i]);
}

static void reach_all(const struct verify *verify, struct reach *reach)
{
    const struct code *code = verify->code;

    for (uint32_t done = 0; done < reach->length; done++) {
        const struct code_function *function = &code->functions[reach->queue[done]];
        for (uint32_t i = function->first; i < function->first + function->count; i++) {
            switch ((enum code_class)code->instructions[i].class) {
            case CODE_CALL:
            case CODE_JUMP:
            case CODE_BRANCH:
                add_function(reach, code_branch_function(code, &code->instructions[i]));
                break;
            case CODE_INDIRECT_CALL:
            case CODE_INDIRECT_JUMP:
                add_set(verify, reach, i);
                break;
            default:
                break;
            }
        }
    }
}

/* Refuses what programs of one type, or the panic body on their behalf, reach and may not call. */
static void check_type(struct verify *verify, int type)
{
    const struct object *object = verify->object;
    const struct code *code = verify->code;
    const struct object_symbol *panic = object_symbol(object, REX_SYMBOL_PANIC_BODY);
    struct reach reach = {
        .functions = calloc(code->function_count + 1, sizeof(*reach.functions)),
        .sets = calloc(verify->set_count + 1, sizeof(*reach.sets)),
        .queue = calloc(code->function_count + 1, sizeof(*reach.queue)),
    };
    if (!reach.functions || !reach.sets || !reach.queue) {
        verify->out_of_memory = true;
        goto out;
    }
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (is_program(object, symbol) &&
            program_type_of_section(object->sections[symbol->section].name) == type)
            add_function(&reach, code_function_at(code, symbol->value));
    }
    if (reach.length > 0 && panic)
        add_function(&reach, code_function_at(code, panic->value));
    reach_all(verify, &reach);
    for (uint32_t i = 0; i < code->function_count; i++) {
        const struct rex_import *import = reach.functions[i] && code->functions[i].import
                                              ? import_find(code->functions[i].import)
                                              : NULL;
        if (import && !(import->types & 1u << type))
            refuse_at(verify, code->functions[i].address, "a program of type %s reaches %s",
                      program_type_name((unsigned)type), import->name);
    }
out:
    free(reach.functions);
    free(reach.sets);
    free(reach.queue);
}

void rule_import_types(struct verify *verify)
{
    for (int type = 0; type < REX_PROGRAM_TYPES; type++)
        check_type(verify, type);
}
