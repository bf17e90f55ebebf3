/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/describe.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/imports.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "linker/object.h"

#include <stdlib.h>
#include <string.h>

static void describe_programs(const struct description *description, struct note *note)
{
    const struct stack_result *stack = description->stack;
    note->programs = must_alloc(stack->program_count, sizeof(*note->programs));
    for (size_t i = 0; i < stack->program_count; i++) {
        const struct stack_root *root = &stack->programs[i];
        const struct code_function *function = &stack->graph->code->functions[root->function];
        const struct object_function *symbol =
            object_function_at(description->image, function->address);
        note->programs[note->program_count++] = (struct note_program){
            .name = root->name,
            .section = symbol ? description->image->sections[symbol->section].name : "",
            .type = (enum rex_program_type)root->type,
            .checked = root->checked,
            .entry = function->address,
            /* A checked program may go down to its limit; the checks see to it. */
            .stack_bound = root->checked ? root->limit : root->bound,
        };
    }
}

static void describe_checks(const struct description *description, struct note *note)
{
    const struct stack_result *stack = description->stack;
    note->checks = must_alloc(stack->check_count, sizeof(*note->checks));
    for (size_t i = 0; i < stack->check_count; i++)
        note->checks[note->check_count++] = (struct note_check){
            .function = stack->graph->code->functions[stack->checks[i].function].address,
            .need = stack->checks[i].encoded,
        };
}

static void describe_returns(const struct description *description, struct note *note)
{
    const struct code *code = description->stack->graph->code;
    for (uint32_t i = 0; i < code->instruction_count; i++)
        note->return_count += code->instructions[i].class == CODE_RETURN;
    note->returns = must_alloc(note->return_count, sizeof(*note->returns));
    uint32_t *next = note->returns;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        if (code->instructions[i].class == CODE_RETURN)
            *next++ = code->instructions[i].address;
    }
}

static int describe_maps(struct diag *diag, const struct description *description,
                         struct note *note)
{
    struct map_symbol *maps;
    size_t count;
    if (maps_find(diag, description->name, description->image, &maps, &count))
        return -1;
    note->maps = must_alloc(count, sizeof(*note->maps));
    for (size_t i = 0; i < count; i++)
        note->maps[note->map_count++] =
            (struct note_map){.name = maps[i].name, .address = maps[i].address};
    free(maps);
    return 0;
}

/* Each GOT slot is an import; link_check() has made sure of it. */
static int describe_imports(struct diag *diag, const struct description *description,
                            struct note *note)
{
    const struct object *image = description->image;
    note->imports = must_alloc(image->relocation_count, sizeof(*note->imports));
    note->fields = must_alloc(image->relocation_count, sizeof(*note->fields));
    for (size_t i = 0; i < image->relocation_count; i++) {
        const struct object_relocation *relocation = &image->relocations[i];
        if (relocation->type != R_X86_64_GLOB_DAT)
            continue;
        const char *name = image->dynamic_symbols[relocation->symbol].name;
        const struct rex_import *import = import_find(name);
        if (!import)
            return diag_error(diag, DIAG_LINK_UNDEFINED, NULL,
                              "'%s' imports '%s', which is unknown", description->name, name);
        if (import->kind == REX_IMPORT_IS_FIELD)
            note->fields[note->field_count++] = (struct note_field){.structure = import->structure,
                                                                    .field = import->field,
                                                                    .size = import->size,
                                                                    .kind = import->field_kind,
                                                                    .slot = relocation->offset};
        else
            note->imports[note->import_count++] = (struct note_import){
                .name = import->name, .kind = import->kind, .slot = relocation->offset};
    }
    return 0;
}

static void describe_provenance(const struct description *description, struct note *note)
{
    const struct inputs *pairs = description->provenance;
    note->provenance = must_alloc(pairs->count, sizeof(*note->provenance));
    for (size_t i = 0; i < pairs->count; i++)
        note->provenance[note->provenance_count++] =
            (struct note_pair){.key = pairs->items[i].name, .value = pairs->items[i].value};
}

int describe_note(struct diag *diag, const struct description *description, struct buffer *note)
{
    const struct object *image = description->image;
    const struct stack_root *panic = &description->stack->panic;
    const struct object_symbol *timeout = object_symbol(image, REX_SYMBOL_HANDLE_TIMEOUT);
    struct note content = {
        .license = description->license,
        .panic_body = description->stack->graph->code->functions[panic->function].address,
        .handle_timeout = timeout ? timeout->value : 0,
        .panic_bound = panic->checked ? panic->limit : panic->bound,
        .panic_checked = panic->checked,
    };
    int result = -1;
    describe_programs(description, &content);
    describe_checks(description, &content);
    describe_returns(description, &content);
    describe_provenance(description, &content);
    if (describe_maps(diag, description, &content) == 0 &&
        describe_imports(diag, description, &content) == 0)
        result = note_write(diag, description->name, &content, note);
    free(content.programs);
    free(content.maps);
    free(content.imports);
    free(content.fields);
    free(content.checks);
    free(content.returns);
    free(content.provenance);
    return result;
}
