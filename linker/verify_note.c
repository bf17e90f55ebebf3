/* SPDX-License-Identifier: Apache-2.0 */
/* What the note says, whether the code agrees, and who signed it all. */
#include "linker/verify_rules.h"

#include "linker/btf.h"
#include "linker/signature.h"
#include "linker/stack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JMP_REL32 0xe9
#define RETURN_SIZE 5u

/* What the readers and the analysis report becomes violations of the current rule. */
struct capture {
    struct diag *diag;
    FILE *stream;
    char *text;
    size_t size;
};

static bool capture_begin(struct verify *verify, struct capture *capture)
{
    *capture = (struct capture){0};
    capture->stream = open_memstream(&capture->text, &capture->size);
    if (!capture->stream) {
        verify->out_of_memory = true;
        return false;
    }
    struct diag_options options = {.color = DIAG_COLOR_NEVER, .stream = capture->stream};
    capture->diag = diag_new(&options);
    return true;
}

/* Each error's first line is "error[REXnnnn]: what"; it says why the call before failed. */
static void capture_end(struct verify *verify, struct capture *capture, bool failed)
{
    size_t found = 0;
    diag_free(capture->diag);
    if (fclose(capture->stream) || !capture->text)
        verify->out_of_memory = true;
    char *rest = NULL;
    char *line = capture->text ? strtok_r(capture->text, "\n", &rest) : NULL;
    for (; failed && line; line = strtok_r(NULL, "\n", &rest)) {
        const char *what = strncmp(line, "error[", 6) == 0 ? strstr(line, "]: ") : NULL;
        if (what)
            refuse(verify, "%s", what + 3);
        found += what != NULL;
    }
    if (failed && found == 0)
        refuse(verify, "the check failed without a reason");
    free(capture->text);
}

void rule_note(struct verify *verify)
{
    struct capture capture;
    if (!capture_begin(verify, &capture))
        return;
    int result =
        note_read_object(capture.diag, verify->options->name, verify->object, &verify->note);
    capture_end(verify, &capture, result != 0);
}

static void check_programs(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct note *note = verify->note;
    size_t count = 0;

    for (size_t i = 1; i < object->symbol_count; i++)
        count += is_program(object, &object->symbols[i]);
    if (count != note->program_count)
        refuse(verify, "the note has %zu programs, the object %zu", note->program_count, count);
    for (size_t i = 0; i < note->program_count; i++) {
        const struct note_program *program = &note->programs[i];
        const struct object_symbol *symbol = object_symbol(object, program->name);
        const char *section =
            symbol && is_program(object, symbol) ? object->sections[symbol->section].name : NULL;
        if (!section || strcmp(section, program->section) != 0 || symbol->value != program->entry ||
            program_type_of_section(section) != (int)program->type)
            refuse_at(verify, program->entry,
                      "the note's program %s is not at this address, in section %s, or of type %s",
                      program->name, program->section, program_type_name(program->type));
    }
}

static void check_maps(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct note *note = verify->note;
    const struct object_section *section = object_section(object, ".maps");
    size_t count = 0;

    for (size_t i = 1; section && i < object->symbol_count; i++)
        count += object->symbols[i].type == STT_OBJECT &&
                 object->symbols[i].section == section - object->sections;
    if (count != note->map_count)
        refuse(verify, "the note has %zu maps, the object %zu", note->map_count, count);
    for (size_t i = 0; i < note->map_count; i++) {
        const struct object_symbol *symbol = object_symbol(object, note->maps[i].name);
        if (!symbol || !section || symbol->value != note->maps[i].address ||
            symbol->section != section - object->sections)
            refuse_at(verify, note->maps[i].address, "the note's map %s is not at this address",
                      note->maps[i].name);
    }
}

/* Whether the slot is the one that a relocation fills with that import. */
static bool is_slot_of(const struct verify *verify, uint64_t slot, const char *name)
{
    const struct object_symbol *symbol = object_slot_symbol(verify->object, slot);
    return symbol && strcmp(symbol->name, name) == 0;
}

static void check_imports(struct verify *verify)
{
    const struct note *note = verify->note;
    size_t count = verify->object->dynamic_symbol_count;
    count -= count != 0; /* the null symbol */

    if (note->import_count + note->field_count != count)
        refuse(verify, "the note has %zu imports and %zu fields, the object %zu undefined symbols",
               note->import_count, note->field_count, count);
    for (size_t i = 0; i < note->import_count; i++) {
        const struct note_import *entry = &note->imports[i];
        const struct rex_import *import = import_find(entry->name);
        /* An import that is in no list is refused by imports-known. */
        if ((import && (import->kind != entry->kind || import->kind == REX_IMPORT_IS_FIELD)) ||
            !is_slot_of(verify, entry->slot, entry->name))
            refuse_at(verify, entry->slot, "the note's import %s is not in this slot", entry->name);
    }
    for (size_t i = 0; i < note->field_count; i++) {
        const struct note_field *entry = &note->fields[i];
        char name[256];
        int length = snprintf(name, sizeof(name), "rex_off.%s.%s", entry->structure, entry->field);
        const struct rex_import *import =
            length > 0 && (size_t)length < sizeof(name) ? import_find(name) : NULL;
        if (!import || import->size != entry->size || import->field_kind != entry->kind ||
            !is_slot_of(verify, entry->slot, name))
            refuse_at(verify, entry->slot,
                      "the note's field %s.%s is not in this slot, or not of "
                      "this size and kind",
                      entry->structure, entry->field);
    }
}

/* By their bytes alone, as a loader sees them that decodes no instructions. */
static void check_returns(struct verify *verify)
{
    const struct object *object = verify->object;
    const struct note *note = verify->note;
    const struct object_symbol *thunk = object_symbol(object, "__x86_return_thunk");

    for (size_t i = 0; i < note->return_count; i++) {
        const uint64_t address = note->returns[i];
        const uint8_t *bytes = object_bytes_at(object, address, RETURN_SIZE);
        bool right = thunk && bytes && bytes[0] == JMP_REL32;
        if (right) {
            int32_t distance;
            memcpy(&distance, bytes + 1, sizeof(distance));
            right = address + RETURN_SIZE + (uint64_t)(int64_t)distance == thunk->value;
        }
        if (!right)
            refuse_at(verify, address,
                      "the note has a return here, and here is no jump to the return thunk");
    }
}

static bool is_at(const struct object *object, const char *name, uint64_t address)
{
    const struct object_symbol *symbol = object_symbol(object, name);
    return symbol && symbol->value == address;
}

void rule_note_content(struct verify *verify)
{
    const struct note *note = verify->note;

    check_programs(verify);
    check_maps(verify);
    check_imports(verify);
    check_returns(verify);
    if (!is_at(verify->object, REX_SYMBOL_HANDLE_TIMEOUT, note->handle_timeout))
        refuse_at(verify, note->handle_timeout,
                  "the note's timeout handler is not at this address");
    if (!is_at(verify->object, REX_SYMBOL_PANIC_BODY, note->panic_body))
        refuse_at(verify, note->panic_body, "the note's panic body is not at this address");
}

void rule_btf(struct verify *verify)
{
    struct map_types *types = NULL;
    struct capture capture;
    if (!capture_begin(verify, &capture))
        return;
    int result = map_types_read(capture.diag, verify->options->name, verify->object, &types);
    capture_end(verify, &capture, result != 0);
    map_types_free(types);
}

void rule_license(struct verify *verify)
{
    const struct object *object = verify->object;

    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        const struct rex_import *import = import_find(object->dynamic_symbols[i].name);
        if (import && import->gpl_only && !license_is_gpl_compatible(verify->note->license))
            refuse(verify, "%s is for GPL-compatible programs, and the license is '%s'",
                   import->name, verify->note->license);
    }
}

/* A checked program may use its whole limit, which was chosen at the build. */
static bool is_right_bound(const struct stack_root *root, bool checked, uint32_t bound,
                           uint32_t limit)
{
    if (checked != root->checked)
        return false;
    return checked ? bound >= root->bound && bound <= limit : bound == root->bound;
}

/* Both lists are in the order of the entries, which differ: the rules before saw to that. */
static void compare_bounds(struct verify *verify, const struct stack_result *stack)
{
    const struct note *note = verify->note;
    size_t next = 0;

    for (size_t i = 0; i < stack->program_count; i++) {
        const struct stack_root *root = &stack->programs[i];
        uint64_t entry = verify->code->functions[root->function].address;
        while (next < note->program_count && note->programs[next].entry < entry)
            next++;
        const struct note_program *program = &note->programs[next];
        if (next == note->program_count || program->entry != entry)
            refuse_at(verify, entry, "%s is not in the note", root->name);
        else if (!is_right_bound(root, program->checked, program->stack_bound, REX_STACK_PROGRAM))
            refuse_at(verify, program->entry, "%s needs %u bytes%s, the note says %u%s", root->name,
                      root->bound, root->checked ? ", checked" : "", program->stack_bound,
                      program->checked ? ", checked" : "");
    }
    if (!is_right_bound(&stack->panic, note->panic_checked, note->panic_bound, REX_PANIC_STACK))
        refuse_at(verify, note->panic_body, "the panic body needs %u bytes%s, the note says %u%s",
                  stack->panic.bound, stack->panic.checked ? ", checked" : "", note->panic_bound,
                  note->panic_checked ? ", checked" : "");
}

static void compare_checks(struct verify *verify, const struct stack_result *stack)
{
    const struct note *note = verify->note;
    const struct code *code = verify->code;

    if (stack->check_count != note->check_count)
        refuse(verify, "the code has %zu stack checks, the note %zu", stack->check_count,
               note->check_count);
    for (size_t i = 0; i < stack->check_count && i < note->check_count; i++) {
        const struct stack_check *check = &stack->checks[i];
        if (code->functions[check->function].address != note->checks[i].function ||
            check->encoded != note->checks[i].need)
            refuse_at(verify, code->functions[check->function].address,
                      "the check of %s demands %u bytes; the note does not say so", check->name,
                      check->encoded);
    }
    /* Functions that the analysis took to be out of every indirect call's reach, the run-time check
     * must keep out. */
    for (size_t i = 0; i < stack->unused_id_count; i++) {
        const struct code_function *function = &code->functions[stack->unused_ids[i]];
        if (verify_set_of(verify, function->id))
            refuse_at(verify, function->address,
                      "the bounds leave it out, but an indirect call's check would let it pass");
    }
}

void rule_stack_bounds(struct verify *verify)
{
    struct stack_options options = {.round = STACK_FINAL};
    struct stack_result *stack = NULL;
    struct capture capture;

    if (!capture_begin(verify, &capture))
        return;
    int result = stack_analyse(capture.diag, verify->object, verify->code, &options, &stack);
    capture_end(verify, &capture, result != 0);
    if (result)
        return;
    compare_bounds(verify, stack);
    compare_checks(verify, stack);
    stack_result_free(stack);
}

/* Both in the order of addresses. */
void rule_return_sites(struct verify *verify)
{
    const struct code *code = verify->code;
    const struct note *note = verify->note;
    size_t next = 0;

    for (uint32_t i = 0; i < code->instruction_count; i++) {
        const struct code_instruction *instruction = &code->instructions[i];
        for (; next < note->return_count && note->returns[next] < instruction->address; next++)
            refuse_at(verify, note->returns[next], "the note has a return where none begins");
        if (next < note->return_count && note->returns[next] == instruction->address)
            next++;
        else if (instruction->class == CODE_RETURN)
            refuse_instruction(verify, i, "a return that the note does not have");
    }
    for (; next < note->return_count; next++)
        refuse_at(verify, note->returns[next], "the note has a return where none begins");
}

void rule_signature(struct verify *verify)
{
    const struct verify_options *options = verify->options;
    struct signature_check *check = &verify->signature;
    struct diag *diag = diag_new(&(struct diag_options){.quiet = true});
    int result =
        signature_check(diag, verify->bytes, verify->size, options->trusted, options->trusted_count,
                        options->known, options->known_count, check);
    diag_free(diag);
    if (result) {
        verify->out_of_memory = true;
        return;
    }
    if (check->verdict == SIGNATURE_UNSIGNED && options->trust != VERIFY_UNSIGNED)
        refuse(verify, "the object is not signed");
    else if (check->verdict == SIGNATURE_MALFORMED)
        refuse(verify, "the signature is malformed: %s", check->problem);
    else if (check->verdict == SIGNATURE_TAMPERED)
        refuse(verify, "not as signed by %s, serial %s", check->issuer, check->serial);
    if (check->issuer)
        verify->report->signer = strdup(check->issuer);
    if (check->issuer && !verify->report->signer)
        verify->out_of_memory = true;
}

void rule_signed_by(struct verify *verify)
{
    /* rule_signature has asked: this rule needs it to hold. */
    const struct signature_check *check = &verify->signature;

    if (verify->options->trust == VERIFY_UNSIGNED)
        return;
    if (check->verdict == SIGNATURE_UNTRUSTED && !check->intact)
        refuse(verify,
               "signed by %s, serial %s, whose certificate is not at hand: whether the object "
               "is intact cannot be told",
               check->issuer, check->serial);
    else if (check->verdict == SIGNATURE_UNTRUSTED && verify->options->trust == VERIFY_SIGNER)
        refuse(verify, "intact, signer not trusted: %s, serial %s", check->issuer, check->serial);
}
