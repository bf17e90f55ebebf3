/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/selection.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"
#include "runtime/user/runtime.h"

#include <stdlib.h>
#include <string.h>

bool program_takes_packets(const struct program *program)
{
    return program->type == REX_PROGRAM_XDP || program->type == REX_PROGRAM_TC;
}

/* "PREFIX: NAME, NAME ..." of the object's programs. */
static char *list_programs(const struct runtime *runtime, const char *prefix)
{
    struct buffer text = {0};

    buffer_string(&text, prefix);
    for (size_t i = 0; i < runtime->program_count; i++)
        buffer_format(&text, "%s%s", i > 0 ? ", " : ": ", runtime->programs[i].name);
    return buffer_take(&text);
}

static const struct program *find(const struct runtime *runtime, const char *name)
{
    for (size_t i = 0; i < runtime->program_count; i++) {
        if (strcmp(runtime->programs[i].name, name) == 0)
            return &runtime->programs[i];
    }
    return NULL;
}

static bool has(const struct selection *selection, const struct program *program)
{
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->programs[i] == program)
            return true;
    }
    return false;
}

static int add(const struct runtime *runtime, struct selection *selection,
               const struct program *program)
{
    if (selection->count == SELECTION_MAX)
        return diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, NULL,
                          "more than %d programs cannot run together", SELECTION_MAX);
    selection->programs[selection->count++] = program;
    return 0;
}

static int add_named(const struct runtime *runtime, struct selection *selection, const char *name)
{
    const struct program *program = find(runtime, name);
    char *help = NULL;

    if (program && has(selection, program))
        return diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, "name each program once",
                          "program %s is named twice", name);
    if (program)
        return add(runtime, selection, program);
    help = list_programs(runtime, "--prog takes one or more of");
    diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, help, "%s has no program %s", runtime->name,
               name);
    free(help);
    return -1;
}

/* By its name, or by where it attaches: its section. */
static bool is_meant(const struct program *program, const char *target)
{
    return strcmp(program->name, target) == 0 || strcmp(program->section, target) == 0;
}

static int add_targets(const struct runtime *runtime, const struct context_file *context,
                       struct selection *selection)
{
    for (size_t i = 0; i < runtime->program_count; i++) {
        const struct program *program = &runtime->programs[i];
        bool meant = false;
        for (size_t event = 0; event < context->event_count && !meant; event++)
            meant = is_meant(program, context->events[event].program);
        if (meant && add(runtime, selection, program) != 0)
            return -1;
    }
    return 0;
}

/* Whether every event says for which program it is; else which does not. */
static bool all_targeted(const struct context_file *context, size_t *other)
{
    for (*other = 0; *other < context->event_count; ++*other) {
        if (!context->events[*other].program)
            return false;
    }
    return true;
}

int selection_make(const struct runtime *runtime, const char *const *names, size_t count,
                   const struct context_file *context, struct selection *selection)
{
    size_t other = 0;
    char *help = NULL;

    *selection = (struct selection){.count = 0};
    if (runtime->program_count == 0)
        return diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, NULL, "%s has no program",
                          runtime->name);
    for (size_t i = 0; i < count; i++) {
        if (add_named(runtime, selection, names[i]) != 0)
            return -1;
    }
    if (count > 0)
        return 0;
    if (runtime->program_count == 1)
        return add(runtime, selection, &runtime->programs[0]);
    if (context && all_targeted(context, &other))
        return add_targets(runtime, context, selection);
    help = list_programs(runtime, "--prog takes one or more of");
    if (context)
        diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, help,
                   "%s has %zu programs, and events[%zu] of %s does not say for which it is",
                   runtime->name, runtime->program_count, other, context->name);
    else
        diag_error(runtime->diag, DIAG_RUN_NO_PROGRAM, help, "%s has %zu programs", runtime->name,
                   runtime->program_count);
    free(help);
    return -1;
}

static bool object_has(const struct runtime *runtime, const char *target)
{
    for (size_t i = 0; i < runtime->program_count; i++) {
        if (is_meant(&runtime->programs[i], target))
            return true;
    }
    return false;
}

/* The members of an event (CONTEXT_*) that a program of this type looks at. */
static unsigned members_of(enum rex_program_type type)
{
    switch (type) {
    case REX_PROGRAM_KPROBE:
        return CONTEXT_REGISTERS;
    case REX_PROGRAM_TRACEPOINT:
        return CONTEXT_RECORD | CONTEXT_FIELDS | CONTEXT_COMMON_PID;
    case REX_PROGRAM_PERF_EVENT:
        return CONTEXT_REGISTERS | CONTEXT_SAMPLE;
    case REX_PROGRAM_XDP:
    case REX_PROGRAM_TC:
    case REX_PROGRAM_TYPES:
        break;
    }
    return 0;
}

/* An event that says what no program of the object that it is for would look at was meant for
 * another: the program would run with zeroes. */
static int check_members(const struct runtime *runtime, const struct context_file *context,
                         size_t index)
{
    static const struct {
        unsigned member;
        const char *text;
    } names[] = {
        {CONTEXT_REGISTERS, "registers are for kprobe and perf_event programs"},
        {CONTEXT_RECORD, "a record is for tracepoint programs"},
        {CONTEXT_FIELDS, "fields are for tracepoint programs"},
        {CONTEXT_COMMON_PID, "common_pid is for tracepoint programs"},
        {CONTEXT_SAMPLE, "period, addr, counter, enabled, running, stack and user_stack are for "
                         "perf_event programs"},
    };
    const struct context_event *event = &context->events[index];
    const struct diag_message message = {.code = DIAG_RUN_CONTEXT,
                                         .at = {.file = context->name},
                                         .help = "docs/run.md describes the context file"};
    unsigned known = 0;

    for (size_t i = 0; i < runtime->program_count; i++) {
        const struct program *program = &runtime->programs[i];
        if (!event->program || is_meant(program, event->program))
            known |= members_of(program->type);
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((event->members & names[i].member) && !(known & names[i].member)) {
            diag_report(runtime->diag, &message, "events[%zu]: %s, and this event is for none",
                        index, names[i].text);
            return -1;
        }
    }
    return 0;
}

int selection_bind(const struct runtime *runtime, const struct selection *selection,
                   struct context_file *context)
{
    for (size_t i = 0; i < context->event_count; i++) {
        struct context_event *event = &context->events[i];
        if (event->program && !object_has(runtime, event->program)) {
            char *help = list_programs(runtime, "the object's programs are");
            const struct diag_message message = {
                .code = DIAG_RUN_CONTEXT, .at = {.file = context->name}, .help = help};
            diag_report(runtime->diag, &message,
                        "events[%zu].program: %s has no program and no attach point %s", i,
                        runtime->name, event->program);
            free(help);
            return -1;
        }
        if (check_members(runtime, context, i) != 0)
            return -1;
        event->targets = 0;
        for (size_t k = 0; k < selection->count; k++) {
            if (!event->program || is_meant(selection->programs[k], event->program))
                event->targets |= 1ull << k;
        }
    }
    return 0;
}
