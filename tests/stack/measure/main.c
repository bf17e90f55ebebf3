/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure: how deep the programs of an object really go, against what its note promises.
 *
 * Each program runs over many packets on painted stacks, looking for the deepest, and then over the
 * deepest ones and some others with every instruction looked at. One line of JSON for each program;
 * what is above a bound, and whatever else must not happen, is in "wrong". Exit status: 0; 1 when
 * something was wrong; 2 when nothing could be measured.
 */
#include "base/diag.h"
#include "base/file.h"
#include "runtime/user/capture.h"
#include "runtime/user/context.h"
#include "runtime/user/pcap_part.h"
#include "tests/stack/measure/bounds.h"
#include "tests/stack/measure/search.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define OBJECT_MAX (64u << 20)
#define EXPIRED_IMPORTS 6u /* in how many imports time runs out, one at a time */
#define STUB_BYTES 8u /* that an import's stub writes below the return address into the program */

struct arguments {
    const char *object, *program, *capture;
    unsigned runs, stepped, limits, repeat;
    uint64_t seed, steps;
    uint32_t
        pretend; /* bytes that bounds are taken to be lower: to see that this would be noticed */
};

struct measured {
    const struct arguments *arguments;
    struct runtime *runtime;
    const struct capture *capture;
    const struct bound *program, *panic;
    struct search search;
    struct usage deepest; /* of the runs that were stepped */
    uint64_t *path;       /* of the bound: addresses of its functions */
    bool *entered;        /* of these, by the runs that were stepped */
    uint64_t steps, runs_stepped, checks, check_steps;
    unsigned wrong;
};

static void wrong(struct measured *measured, const char *what, uint64_t found, uint64_t allowed)
{
    printf("%s{\"what\":\"%s\",\"found\":%llu,\"allowed\":%llu}", measured->wrong ? "," : "", what,
           (unsigned long long)found, (unsigned long long)allowed);
    measured->wrong++;
}

static void at_most(struct measured *measured, const char *what, uint32_t found, uint32_t allowed)
{
    if (found > allowed && measured->wrong < 16)
        wrong(measured, what, found, allowed);
}

static uint32_t greater(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* What a run with these limits may use, and whether it did. */
static void judge(struct measured *measured, const struct run_options *options,
                  const struct usage *usage)
{
    const uint32_t less = measured->arguments->pretend;
    uint32_t program = measured->program->bytes - less, panic = measured->panic->bytes - less;

    /* A limit below what the entry needs before its first check is not to be had. */
    if (measured->program->checked && options->limit)
        program = greater(options->limit, measured->program->cut);
    if (measured->panic->checked && options->panic_limit)
        panic = greater(options->panic_limit, measured->panic->cut);
    at_most(measured, "painted depth", usage->program_painted, program + STUB_BYTES);
    at_most(measured, "painted depth of the panic body", usage->panic_painted, panic + STUB_BYTES);
    if (options->step) {
        at_most(measured, "depth", usage->program, program);
        at_most(measured, "depth of the panic body", usage->panic, panic);
        /* A truncated run went on unseen. */
        if (!usage->truncated) {
            at_most(measured, "painted, not stepped", usage->program_painted,
                    usage->program + STUB_BYTES);
            at_most(measured, "painted, not stepped, in the panic body", usage->panic_painted,
                    usage->panic + STUB_BYTES);
        }
    }
    if (usage->guard && measured->wrong < 16)
        wrong(measured, "faults", 1, 0);
    if (usage->end == RUN_OVERFLOWED && !measured->program->checked && measured->wrong < 16)
        wrong(measured, "failed checks of a program without checks", 1, 0);
}

static int step(struct measured *measured, const struct input *input, struct run_options options,
                struct usage *usage)
{
    const struct frame frame = search_frame(input);
    int error = 0;

    options.step = true;
    options.most_steps = measured->arguments->steps;
    error = step_run(measured->runtime, &frame, &options, usage);
    if (error != 0)
        return error;
    measured->deepest.program = greater(measured->deepest.program, usage->program);
    measured->deepest.panic = greater(measured->deepest.panic, usage->panic);
    measured->steps += usage->steps;
    measured->checks += usage->checks;
    measured->check_steps += usage->check_steps;
    measured->runs_stepped++;
    judge(measured, &options, usage);
    return 0;
}

/* The deepest packets, and some more; one of the runs is stopped by the watchdog. */
static int step_some(struct measured *measured)
{
    const struct search *search = &measured->search;
    uint64_t imports = 0;
    const struct input *chosen[] = {&search->program, &search->panics, &search->panic};
    uint64_t state = measured->arguments->seed;
    struct usage usage = {0};
    int error = 0;

    for (unsigned i = 0; i < 3 && error == 0; i++) {
        if (i == 0 || chosen[i]->usage.end == RUN_PANICKED)
            error = step(measured, chosen[i], (struct run_options){0}, &usage);
        if (i == 0)
            imports = usage.imports;
        if (error == 0 && i == 0 && usage.steps > 0)
            error = step(measured, chosen[i],
                         (struct run_options){.expire_at = 1 + search_random(&state) % usage.steps},
                         &usage);
    }
    /* Time runs out in an import: the crate notices when it returns. */
    for (uint64_t i = 1; i <= imports && i <= EXPIRED_IMPORTS && error == 0; i++)
        error = step(measured, &search->program, (struct run_options){.expire_in = i}, &usage);
    for (unsigned i = 0; i < measured->arguments->stepped && error == 0; i++) {
        struct input input = search->program;
        for (unsigned j = 0; j < input.size; j++) {
            if (i % 2 || search_random(&state) % 16 == 0)
                input.bytes[j] = (uint8_t)search_random(&state);
        }
        error = step(measured, &input, (struct run_options){0}, &usage);
    }
    return error;
}

/*
 * The program with every limit from what its entry needs up to its own, 8 bytes apart, on a stack
 * that ends there: the guard begins 8 or 16 bytes below the limit, for what a stub writes. The same
 * for the panic body.
 */
static int all_limits(struct measured *measured, bool panic)
{
    struct cpu *cpu = &measured->runtime->cpus[0];
    struct stack *stack = panic ? &cpu->panic_stack : &cpu->program_stack, whole = *stack;
    const struct bound *bound = panic ? measured->panic : measured->program;
    const struct search *search = &measured->search;
    const struct input *inputs[] = {panic ? &search->panic : &search->program, &search->panics};
    uint8_t *end = stack->base + REX_STACK_RESERVE;
    unsigned number = 0;
    int error = 0;

    if (mprotect(stack->base, REX_STACK_RESERVE, PROT_NONE) != 0)
        return -errno;
    stack->base = end;
    for (uint32_t limit = (bound->cut + 7) / 8 * 8; limit <= bound->limit && error == 0;
         limit += 8) {
        struct run_options options = {.limit = panic ? 0 : limit,
                                      .panic_limit = panic ? limit : 0,
                                      .most_steps = measured->arguments->steps};
        /* rsp at the entry is 8 below a multiple of 16. */
        stack->top = end + (limit + 8 + 8 + 15) / 16 * 16;
        for (unsigned i = 0; i < 2 && error == 0; i++) {
            const struct frame frame = search_frame(inputs[i]);
            struct usage usage;
            if (i > 0 && inputs[i]->usage.end != RUN_PANICKED)
                continue;
            options.step = number++ % measured->arguments->limits == 0;
            error = step_run(measured->runtime, &frame, &options, &usage);
            if (error != 0)
                break;
            measured->steps += usage.steps;
            judge(measured, &options, &usage);
        }
    }
    *stack = whole;
    if (mprotect(stack->base, REX_STACK_RESERVE, PROT_READ | PROT_WRITE) != 0 && error == 0)
        error = -errno;
    return error;
}

/* Pages of memory that the process has. */
static long resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, pages = -1;

    if (file) {
        if (fscanf(file, "%ld %ld", &total, &pages) != 2)
            pages = -1;
        fclose(file);
    }
    return pages;
}

/* The deepest panic and the deepest run, over and over: each like the first, and nothing is left.
 */
static int repeat(struct measured *measured)
{
    struct cpu *cpu = &measured->runtime->cpus[0];
    const struct run_options options = {0};
    const struct input *inputs[] = {&measured->search.panics, &measured->search.program};
    const uint64_t host_stack = cpu->host_stack, leaks = cpu->leaks;
    long before = 0;

    for (unsigned i = 0; i < measured->arguments->repeat; i++) {
        const struct frame frame = search_frame(inputs[i % 2]);
        struct usage usage;
        int error = step_run(measured->runtime, &frame, &options, &usage);
        if (error != 0)
            return error;
        judge(measured, &options, &usage);
        if (cpu->cleanup.used != 0 || cpu->leaks != leaks)
            wrong(measured, "resources left after a run", cpu->cleanup.used, 0);
        if (cpu->host_stack != host_stack)
            wrong(measured, "the runtime's own stack", cpu->host_stack, host_stack);
        if (measured->wrong > 16)
            return 0;
        if (i == 1000)
            before = resident();
    }
    if (measured->arguments->repeat > 1000 && resident() > before + 16)
        wrong(measured, "pages of memory", (uint64_t)resident(), (uint64_t)before);
    return 0;
}

/* The first function of the bound's path that no stepped run entered, as a JSON string or null. */
static void print_not_entered(const struct measured *measured)
{
    const struct bound *program = measured->program;
    size_t i = 0;

    while (i < program->path_length && measured->entered[i])
        i++;
    if (i == program->path_length)
        printf(",\"not_entered\":null");
    else
        printf(",\"not_entered\":\"%s\"", program->path[i].name);
}

static int watch_path(struct measured *measured)
{
    const struct bound *program = measured->program;

    measured->path = calloc(program->path_length + 1, sizeof(*measured->path));
    measured->entered = calloc(program->path_length + 1, sizeof(*measured->entered));
    if (!measured->path || !measured->entered)
        return -ENOMEM;
    for (size_t i = 0; i < program->path_length; i++)
        measured->path[i] = program->path[i].address;
    step_watch(measured->path, program->path_length, measured->entered);
    return 0;
}

static int measure(struct measured *measured)
{
    const struct arguments *arguments = measured->arguments;
    const struct bound *program = measured->program, *panic = measured->panic;
    const struct search *search = &measured->search;
    int error = watch_path(measured);

    if (error == 0)
        error = search_deepest(measured->runtime, measured->capture, arguments->seed,
                               arguments->runs, &measured->search);
    if (error != 0)
        return error;
    printf("{\"program\":\"%s\",\"wrong\":[", program->name);
    if (program->bytes > REX_STACK_PROGRAM)
        wrong(measured, "bound", program->bytes, REX_STACK_PROGRAM);
    judge(measured, &(struct run_options){0}, &search->program.usage);
    judge(measured, &(struct run_options){0}, &search->panic.usage);
    if (search->guards > 0)
        wrong(measured, "faults", search->guards, 0);
    error = step_some(measured);
    if (error == 0 && arguments->limits && program->checked)
        error = all_limits(measured, false);
    if (error == 0 && arguments->limits && panic->checked)
        error = all_limits(measured, true);
    if (error == 0 && arguments->repeat)
        error = repeat(measured);
    printf("],\"bound\":%u,\"checked\":%s,\"cut\":%u,\"depth\":%u,\"painted\":%u,"
           "\"panic_bound\":%u,\"panic_checked\":%s,\"panic_depth\":%u,\"panic_painted\":%u,"
           "\"runs\":%u,\"stepped\":%llu,\"steps\":%llu,\"checks\":%llu,"
           "\"check_steps\":%llu,\"returned\":%llu,\"panicked\":%llu,"
           "\"overflowed\":%llu",
           program->bytes, program->checked ? "true" : "false", program->cut,
           measured->deepest.program, search->program_painted, panic->bytes,
           panic->checked ? "true" : "false", measured->deepest.panic, search->panic_painted,
           arguments->runs, (unsigned long long)measured->runs_stepped,
           (unsigned long long)measured->steps, (unsigned long long)measured->checks,
           (unsigned long long)measured->check_steps,
           (unsigned long long)search->ends[RUN_RETURNED],
           (unsigned long long)search->ends[RUN_PANICKED],
           (unsigned long long)search->ends[RUN_OVERFLOWED]);
    print_not_entered(measured);
    printf("}\n");
    return error;
}

/* Every program of the object; the number of those with something wrong, or -1. */
static int measure_all(struct diag *diag, const struct arguments *arguments,
                       struct runtime *runtime, const struct capture *capture,
                       const struct bounds *bounds)
{
    int failed = 0;

    for (size_t i = 0; i < runtime->program_count; i++) {
        struct measured measured = {.arguments = arguments,
                                    .runtime = runtime,
                                    .capture = capture,
                                    .panic = &bounds->panic};
        const struct program *program = &runtime->programs[i];
        if (arguments->program && strcmp(program->name, arguments->program) != 0)
            continue;
        runtime->cpus[0].program = program;
        measured.program = bounds_find(bounds, program->name);
        if (!measured.program)
            return diag_error(diag, DIAG_RUN_NO_PROGRAM, NULL, "no bound for %s", program->name);
        int error = measure(&measured);
        step_watch(NULL, 0, NULL);
        free(measured.path);
        free(measured.entered);
        if (error != 0)
            return diag_error(diag, DIAG_RUN_MACHINE, NULL, "%s: %s", program->name,
                              strerror(-error));
        failed += measured.wrong > 0;
    }
    return failed;
}

static int measure_object(struct diag *diag, const struct arguments *arguments)
{
    const struct runtime_options runtime_options = {
        .name = arguments->object, .timeout_ms = RUNTIME_TIMEOUT_MAX_MS, .cpus = 1};
    struct runtime *runtime = NULL;
    struct context_file *context = context_default(diag);
    struct capture capture = {0};
    struct bounds bounds = {0};
    char *bytes = NULL;
    size_t size = 0;
    int result = -1, error = 0;

    if (!context || file_read(diag, arguments->object, OBJECT_MAX, &bytes, &size) != 0 ||
        (arguments->capture &&
         capture_read(diag, &rexc_libpcap, arguments->capture, &capture) != 0) ||
        bounds_read(diag, arguments->object, bytes, size, &bounds) != 0)
        goto out;
    if (runtime_open(diag, &runtime_options, (const uint8_t *)bytes, size, &runtime) != 0)
        goto out;
    runtime->context = context;
    runtime->tasks = context->tasks;
    runtime->task_count = context->task_count;
    error = step_begin(runtime, bounds.checks, bounds.check_count);
    if (error != 0) {
        diag_error(diag, DIAG_RUN_MACHINE, NULL, "single-stepping: %s", strerror(-error));
        goto out;
    }
    result = measure_all(diag, arguments, runtime, arguments->capture ? &capture : NULL, &bounds);
    step_end(runtime);
out:
    runtime_close(runtime);
    context_free(context);
    capture_free(&capture);
    bounds_free(&bounds);
    free(bytes);
    return result;
}

int main(int argc, char **argv)
{
    static const char usage[] = "usage: measure OBJECT [--program NAME] [--capture PCAP] [--seed "
                                "N] [--runs N] [--stepped N] [--steps N]\n"
                                "               [--limits EVERY] [--repeat N] [--pretend BYTES]\n";
    static const struct option known[] = {
        {"program", required_argument, NULL, 'o'}, {"capture", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},    {"runs", required_argument, NULL, 'r'},
        {"stepped", required_argument, NULL, 't'}, {"steps", required_argument, NULL, 'm'},
        {"limits", required_argument, NULL, 'l'},  {"repeat", required_argument, NULL, 'n'},
        {"pretend", required_argument, NULL, 'p'}, {NULL, 0, NULL, 0}};
    struct arguments arguments = {.runs = 1000, .stepped = 1, .steps = 20000, .seed = 1};
    struct diag *diag = NULL;
    int option, result;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
        const unsigned long long number = option == '?' ? 0 : strtoull(optarg, NULL, 10);
        switch (option) {
        case 'o':
            arguments.program = optarg;
            break;
        case 'c':
            arguments.capture = optarg;
            break;
        case 's':
            arguments.seed = number;
            break;
        case 'r':
            arguments.runs = (unsigned)number;
            break;
        case 't':
            arguments.stepped = (unsigned)number;
            break;
        case 'm':
            arguments.steps = number;
            break;
        case 'l':
            arguments.limits = (unsigned)number;
            break;
        case 'n':
            arguments.repeat = (unsigned)number;
            break;
        case 'p':
            arguments.pretend = (uint32_t)number;
            break;
        default:
            fputs(usage, stderr);
            return 2;
        }
    }
    if (optind + 1 != argc) {
        fputs(usage, stderr);
        return 2;
    }
    arguments.object = argv[optind];
    diag = diag_new(&(struct diag_options){0});
    result = measure_object(diag, &arguments);
    diag_free(diag);
    return result < 0 ? 2 : result > 0;
}
