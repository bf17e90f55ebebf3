/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/measure/bounds.h"

#include "base/demangle.h"
#include "base/diag.h"
#include "linker/code.h"
#include "linker/note.h"
#include "linker/object.h"
#include "linker/stack.h"

#include <stdlib.h>
#include <string.h>

static const struct note_program *promise_of(const struct note *note, const char *name)
{
    for (size_t i = 0; i < note->program_count; i++) {
        if (strcmp(note->programs[i].name, name) == 0)
            return &note->programs[i];
    }
    return NULL;
}

static int collect_path(struct diag *diag, const struct code *code, const struct stack_root *root,
                        struct bound *bound)
{
    bound->path = calloc(root->path_length + 1, sizeof(*bound->path));
    for (size_t i = 0; bound->path && i < root->path_length; i++) {
        const struct code_function *function = &code->functions[root->path[i].function];
        bound->path[i] =
            (struct waypoint){.address = function->address, .name = demangle(function->name)};
        bound->path_length++;
        if (!bound->path[i].name)
            return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the paths");
    }
    return bound->path ? 0 : diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the paths");
}

static int collect(struct diag *diag, const struct note *note, const struct code *code,
                   const struct stack_result *analysis, struct bounds *bounds)
{
    bounds->panic = (struct bound){.bytes = note->panic_bound,
                                   .limit = analysis->panic.limit,
                                   .cut = analysis->panic.bound,
                                   .checked = note->panic_checked};
    bounds->programs = calloc(analysis->program_count + 1, sizeof(*bounds->programs));
    if (!bounds->programs)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the bounds");
    for (size_t i = 0; i < analysis->program_count; i++) {
        const struct stack_root *root = &analysis->programs[i];
        const struct note_program *promise = promise_of(note, root->name);
        struct bound *bound = &bounds->programs[bounds->count];
        if (!promise)
            return diag_error(diag, DIAG_RUN_NO_PROGRAM, NULL, "the note has no program %s",
                              root->name);
        *bound = (struct bound){.name = strdup(root->name),
                                .bytes = promise->stack_bound,
                                .limit = root->limit,
                                .cut = root->bound,
                                .checked = promise->checked};
        if (!bound->name)
            return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the bounds");
        bounds->count++;
        if (collect_path(diag, code, root, bound))
            return -1;
    }
    return 0;
}

static int collect_checks(struct diag *diag, const struct code *code,
                          const struct stack_result *analysis, struct bounds *bounds)
{
    bounds->checks = calloc(analysis->check_count + 1, sizeof(*bounds->checks));
    if (!bounds->checks)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the checks");
    for (size_t i = 0; i < analysis->check_count; i++)
        bounds->checks[bounds->check_count++] =
            code->functions[analysis->checks[i].function].address;
    return 0;
}

int bounds_read(struct diag *diag, const char *name, const void *bytes, size_t size,
                struct bounds *bounds)
{
    const struct stack_options options = {.round = STACK_FINAL};
    struct object *object = NULL;
    struct code *code = NULL;
    struct stack_result *analysis = NULL;
    struct note *note = NULL;
    int result = -1;

    *bounds = (struct bounds){0};
    if (object_read(diag, name, bytes, size, &object) == 0 &&
        note_read_object(diag, name, object, &note) == 0 &&
        code_read(diag, object, NULL, &code) == 0 &&
        stack_analyse(diag, object, code, &options, &analysis) == 0 &&
        collect_checks(diag, code, analysis, bounds) == 0)
        result = collect(diag, note, code, analysis, bounds);
    stack_result_free(analysis);
    code_free(code);
    note_free(note);
    object_free(object);
    return result;
}

void bounds_free(struct bounds *bounds)
{
    for (size_t i = 0; i < bounds->count; i++) {
        struct bound *bound = &bounds->programs[i];
        for (size_t j = 0; j < bound->path_length; j++)
            free(bound->path[j].name);
        free(bound->path);
        free(bound->name);
    }
    free(bounds->programs);
    free(bounds->checks);
}

const struct bound *bounds_find(const struct bounds *bounds, const char *name)
{
    for (size_t i = 0; i < bounds->count; i++) {
        if (strcmp(bounds->programs[i].name, name) == 0)
            return &bounds->programs[i];
    }
    return NULL;
}
