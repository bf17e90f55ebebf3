/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "runtime/loader/state.h"

#include <inttypes.h>
#include <jansson.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* What rex_ioc_program_info says of a bound that is checked at run time. */
#define BOUND_CHECKED UINT32_MAX

static const char *type_name(uint32_t type)
{
    switch (type) {
    case BPF_PROG_TYPE_KPROBE:
        return "kprobe";
    case BPF_PROG_TYPE_TRACEPOINT:
        return "tracepoint";
    case BPF_PROG_TYPE_PERF_EVENT:
        return "perf_event";
    case BPF_PROG_TYPE_XDP:
        return "xdp";
    case BPF_PROG_TYPE_SCHED_CLS:
        return "tc";
    default:
        return "unknown";
    }
}

static const char *state_name(const struct state_object *object,
                              const struct rex_ioc_program_info *program)
{
    if (object->info.flags & REX_OBJECT_QUARANTINED)
        return "quarantined";
    if (program->flags & REX_PROGRAM_DETACHED)
        return "detached";
    return program->flags & REX_PROGRAM_BOUND ? "loaded" : "unbound";
}

/* When an object was loaded, as the wall clock tells it now. */
static time_t loaded_at(const struct state_object *object)
{
    struct timespec wall, boot;

    clock_gettime(CLOCK_REALTIME, &wall);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    return wall.tv_sec - boot.tv_sec + (time_t)(object->info.loaded_at_ns / 1000000000u);
}

enum { TIME_SIZE = 32 };

static void format_local(char text[TIME_SIZE], time_t moment)
{
    struct tm parts;

    if (!localtime_r(&moment, &parts) ||
        strftime(text, TIME_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
        text[0] = '\0';
}

static void format_utc(char text[TIME_SIZE], time_t moment)
{
    struct tm parts;

    if (!gmtime_r(&moment, &parts) || strftime(text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        text[0] = '\0';
}

/* -- Text ------------------------------------------------------------------------------------- */

static void print_program(const struct state_object *object,
                          const struct rex_ioc_program_info *program)
{
    char stack[16] = "checked";

    if (program->stack_bound != BOUND_CHECKED)
        snprintf(stack, sizeof(stack), "%" PRIu32, program->stack_bound);
    printf("    %-10s %-20s %6" PRIu32 " %8s %-11s %12" PRIu64 " %8" PRIu64 " %8" PRIu64
           " %9" PRIu64 " %6" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
           type_name(program->type), program->name, program->prog_id, stack,
           state_name(object, program), (uint64_t)program->runs, (uint64_t)program->panics,
           (uint64_t)program->timeouts, (uint64_t)program->overflows, (uint64_t)program->faults,
           (uint64_t)program->nested, (uint64_t)program->skipped);
}

static void print_text(const struct state *state)
{
    for (size_t i = 0; i < state->count; i++) {
        const struct state_object *object = &state->objects[i];
        char since[TIME_SIZE];
        format_local(since, loaded_at(object));
        printf("%s%" PRIu32 ": %s, since %s, at most %" PRIu32 " ms a run\n", i ? "\n" : "",
               object->info.id, object->info.name, since, object->info.timeout_ms);
        printf("    %-10s %-20s %6s %8s %-11s %12s %8s %8s %9s %6s %8s %8s\n", "type", "program",
               "bpf id", "stack", "state", "runs", "panics", "timeouts", "overflows", "faults",
               "nested", "skipped");
        for (uint32_t k = 0; k < object->info.programs; k++)
            print_program(object, &object->programs[k]);
    }
}

/* -- JSON ------------------------------------------------------------------------------------- */

static json_t *program_as_json(const struct state_object *object,
                               const struct rex_ioc_program_info *program)
{
    json_t *stack = program->stack_bound == BOUND_CHECKED
                        ? json_null()
                        : json_integer((json_int_t)program->stack_bound);
    return json_pack(
        "{s:s, s:s, s:i, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", program->name,
        "type", type_name(program->type), "bpf_id", (int)program->prog_id, "stack", stack, "state",
        state_name(object, program), "runs", (json_int_t)program->runs, "panics",
        (json_int_t)program->panics, "timeouts", (json_int_t)program->timeouts, "overflows",
        (json_int_t)program->overflows, "faults", (json_int_t)program->faults, "nested",
        (json_int_t)program->nested, "skipped", (json_int_t)program->skipped);
}

static json_t *object_as_json(const struct state_object *object)
{
    json_t *programs = json_array();
    char since[TIME_SIZE];

    format_utc(since, loaded_at(object));
    for (uint32_t i = 0; i < object->info.programs; i++)
        json_array_append_new(programs, program_as_json(object, &object->programs[i]));
    return json_pack("{s:i, s:s, s:s, s:i, s:i, s:o}", "id", (int)object->info.id, "name",
                     object->info.name, "since", since, "timeout_ms", (int)object->info.timeout_ms,
                     "image_size", (int)object->info.image_size, "programs", programs);
}

/* Format 1; docs/kernel-runtime.md, "rexc list --json". */
static json_t *as_json(const struct state *state)
{
    json_t *objects = json_array();

    for (size_t i = 0; i < state->count; i++)
        json_array_append_new(objects, object_as_json(&state->objects[i]));
    return json_pack("{s:i, s:o}", "format", 1, "objects", objects);
}

int command_list(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    struct state state = {0};
    bool json = false;

    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (c != 'j')
            return command_bad_option(options, "list", argv, known);
        json = true;
    }
    if (optind != argc)
        return command_usage_error(options, "list", "list takes no arguments, not '%s'",
                                   argv[optind]);
    int device = state_open_device(options->diag);
    if (device < 0)
        return diag_exit_status(options->diag);
    if (state_read(options->diag, device, &state) == 0) {
        if (json)
            print_json(options->diag, as_json(&state), JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        else
            print_text(&state);
    }
    state_free(&state);
    close(device);
    return diag_exit_status(options->diag);
}
