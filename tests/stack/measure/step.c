/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/measure/step.h"

#include "runtime/abi/rex_imports.h"
#include "runtime/user/context.h"
#include "runtime/user/packet.h"
#include "runtime/user/report.h"
#include "runtime/user/signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <ucontext.h>

#define TRAP_FLAG 0x100
#define CHECK_SIZE 34u            /* bytes (llvm-pass/README.md) */
#define PAINT 0xa7c5e3916b2d4f81u /* no address, no small number */

/* enter.S */
extern const char step_enter_program[], step_enter_panic[], step_resume[];
/* Read by enter.S, and by the signal handler of the one thread that runs programs. */
uint64_t step_program_entry, step_panic_entry, step_program_limit, step_panic_limit;
uint64_t step_return_address, step_flag;

/* The stubs of runtime/user/import_stubs.S, and whether they return. */
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    extern const char import_##name[];
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind)
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#define RETURNS true
#define NORETURN false
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)                       \
    {import_##name, returns},
static const struct {
    const char *stub;
    bool returns;
} stubs[] = {
#include "runtime/abi/imports.def"
};

static struct {
    struct runtime *runtime;
    struct cpu *cpu;
    struct sigaction runtimes; /* the runtime's own handler of SIGTRAP */
    uint64_t program_top, panic_top;
    uint64_t lowest_program, lowest_panic;
    uint64_t steps, most_steps, expire_at, imports, expire_in;
    const uint64_t *check_addresses;
    size_t check_count;
    uint64_t checks, check_steps;
    const uint64_t *watched;
    size_t watched_count;
    bool *entered;
    bool truncated, fault;
} run;

static void note(uint64_t rsp)
{
    if (rsp >= (uintptr_t)run.cpu->panic_stack.mapping && rsp <= run.panic_top) {
        if (rsp < run.lowest_panic)
            run.lowest_panic = rsp;
    } else if (rsp < run.lowest_program) { /* wherever it is: far away is far too deep */
        run.lowest_program = rsp;
    }
}

/* A function with a check is the check and nothing else. */
static void note_place(uint64_t rip)
{
    const uint64_t address = rip - (uintptr_t)run.runtime->image.base;
    for (size_t i = 0; i < run.check_count; i++) {
        if (address - run.check_addresses[i] < CHECK_SIZE) {
            run.checks += address == run.check_addresses[i];
            run.check_steps++;
        }
    }
    for (size_t i = 0; i < run.watched_count; i++)
        run.entered[i] |= address == run.watched[i];
}

void step_watch(const uint64_t *addresses, size_t count, bool *entered)
{
    run.watched = addresses;
    run.watched_count = count;
    run.entered = entered;
}

/* Control has left object text. When it is in an import that returns, stepping goes on there. */
static void leave(uint64_t rip, uint64_t rsp)
{
    for (size_t i = 0; i < sizeof(stubs) / sizeof(stubs[0]); i++) {
        if (rip != (uintptr_t)stubs[i].stub)
            continue;
        note(rsp);
        if (stubs[i].returns) {
            uint64_t *slot = (uint64_t *)rsp;
            step_return_address = *slot;
            *slot = (uintptr_t)step_resume;
            run.imports++;
            if (run.imports == run.expire_in && !run.cpu->exiting)
                run.cpu->attention = 1; /* as signals.c does it */
        }
        return;
    }
}

static void on_trap(int signal, siginfo_t *info, void *data)
{
    ucontext_t *context = data;
    greg_t *registers = context->uc_mcontext.gregs;
    const uint64_t rip = (uint64_t)registers[REG_RIP], rsp = (uint64_t)registers[REG_RSP];

    if (info->si_code != TRAP_TRACE) {
        run.runtimes.sa_sigaction(signal, info, data);
        return;
    }
    if (!image_has_text(&run.runtime->image, rip)) {
        registers[REG_EFL] &= ~TRAP_FLAG;
        leave(rip, rsp);
        return;
    }
    note(rsp);
    note_place(rip);
    run.steps++;
    if (run.steps == run.most_steps) {
        run.truncated = true;
        registers[REG_EFL] &= ~TRAP_FLAG;
    }
    if (run.steps == run.expire_at && !run.cpu->exiting) {
        /* As signals.c does it when a run has used its time. */
        run.cpu->interrupted = rip;
        registers[REG_RIP] = (greg_t)run.runtime->image.handle_timeout;
    }
}

/* In place of the runtime's own (--wrap): a report with a stack trace takes a thousand times as
 * long as a run. */
void __wrap_report_panic(struct cpu *cpu, const char *message, const struct trace *trace);
void __wrap_report_timeout(struct cpu *cpu, const struct trace *trace);
void __wrap_report_overflow(struct cpu *cpu, const struct trace *trace);
void __wrap_report_fault(struct cpu *cpu, const struct fault *fault, const struct trace *trace);
void __wrap_report_leak(struct cpu *cpu, unsigned count);
int64_t __wrap_host_rex_trace_printk(const char *text, uint64_t length);

void __wrap_report_panic(struct cpu *cpu, const char *message, const struct trace *trace)
{
    (void)cpu, (void)message, (void)trace;
}

void __wrap_report_timeout(struct cpu *cpu, const struct trace *trace)
{
    (void)cpu, (void)trace;
}

void __wrap_report_overflow(struct cpu *cpu, const struct trace *trace)
{
    (void)cpu, (void)trace;
}

void __wrap_report_fault(struct cpu *cpu, const struct fault *fault, const struct trace *trace)
{
    (void)cpu, (void)fault, (void)trace;
    run.fault = true;
}

void __wrap_report_leak(struct cpu *cpu, unsigned count)
{
    (void)cpu, (void)count;
}

int64_t __wrap_host_rex_trace_printk(const char *text, uint64_t length)
{
    (void)text, (void)length;
    return 0;
}

static void paint(const struct stack *stack, uint64_t from)
{
    for (uint64_t *word = (uint64_t *)from; word < (uint64_t *)stack->top; word++)
        *word = PAINT;
}

/* The lowest address that was written, to the byte: frames need not be multiples of 8. */
static uint64_t lowest_written(const struct stack *stack, uint64_t from)
{
    static const uint64_t painted = PAINT;
    const uint64_t *word = (const uint64_t *)from, *end = (const uint64_t *)stack->top;
    unsigned byte = 0;

    while (word < end && *word == PAINT)
        word++;
    if (word == end)
        return (uint64_t)end;
    while (((const uint8_t *)word)[byte] == ((const uint8_t *)&painted)[byte])
        byte++;
    return (uint64_t)word + byte;
}

static uint32_t depth(uint64_t entry, uint64_t lowest)
{
    return lowest < entry ? (uint32_t)(entry - lowest) : 0;
}

int step_begin(struct runtime *runtime, const uint64_t *checks, size_t check_count)
{
    struct cpu *cpu = &runtime->cpus[0];
    struct sigaction action;
    int error = cpu_enter(cpu);

    if (error != 0)
        return error;
    run.runtime = runtime;
    run.cpu = cpu;
    run.check_addresses = checks;
    run.check_count = check_count;
    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGNALS_TICK);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    action.sa_sigaction = on_trap;
    if (sigaction(SIGTRAP, &action, &run.runtimes) != 0) {
        error = -errno;
        cpu_leave(cpu);
        return error;
    }
    step_panic_entry = runtime->image.panic_body;
    runtime->image.panic_body = (uintptr_t)step_enter_panic;
    paint(&cpu->program_stack, (uintptr_t)cpu->program_stack.base);
    paint(&cpu->panic_stack, (uintptr_t)cpu->panic_stack.base);
    return 0;
}

void step_end(struct runtime *runtime)
{
    sigaction(SIGTRAP, &run.runtimes, NULL);
    runtime->image.panic_body = step_panic_entry;
    cpu_leave(&runtime->cpus[0]);
}

/* The program's context: the packet, or for tracing programs an event that is made of its bytes.
 */
static void *prepare(struct runtime *runtime, const struct frame *frame)
{
    static uint8_t record[CONTEXT_RECORD_MAX];
    struct context_event event = runtime->context->events[0];
    struct cpu *cpu = &runtime->cpus[0];
    const enum rex_program_type type = cpu->program->type;

    if (type == REX_PROGRAM_XDP)
        return packet_for_xdp(&cpu->packet, frame);
    if (type == REX_PROGRAM_TC)
        return packet_for_tc(&cpu->packet, frame);
    cpu->task = &runtime->tasks[0];
    memcpy(&event.registers, frame->data,
           frame->captured < sizeof(event.registers) ? frame->captured : sizeof(event.registers));
    memcpy(record, frame->data,
           frame->captured < sizeof(record) ? frame->captured : sizeof(record));
    event.record = record;
    void *context = traced_prepare(&cpu->traced, type, &event);
    cpu->traced.event = &runtime->context->events[0]; /* that one stays */
    return context;
}

int step_run(struct runtime *runtime, const struct frame *frame, const struct run_options *options,
             struct usage *usage)
{
    struct cpu *cpu = &runtime->cpus[0];
    uint64_t program_written, panic_written;
    void *context = prepare(runtime, frame);

    if (!context)
        return -ENOMEM;
    cpu->frame = frame;
    run.program_top = (uintptr_t)cpu->program_stack.top;
    run.panic_top = (uintptr_t)cpu->panic_stack.top;
    run.lowest_program = run.program_top - 8;
    run.lowest_panic = run.panic_top - 8;
    run.steps = 0;
    run.most_steps = options->most_steps;
    run.expire_at = options->expire_at;
    run.expire_in = options->expire_in;
    run.imports = run.checks = run.check_steps = 0;
    run.truncated = run.fault = false;
    step_program_entry = runtime_entry(runtime, cpu->program);
    step_program_limit = options->limit ? run.program_top - 8 - options->limit : 0;
    step_panic_limit = options->panic_limit ? run.panic_top - 8 - options->panic_limit : 0;
    step_flag = options->step;
    *usage = (struct usage){.verdict = cpu_run(cpu, (uintptr_t)step_enter_program, context)};
    program_written = lowest_written(&cpu->program_stack, (uintptr_t)cpu->program_stack.base);
    panic_written = lowest_written(&cpu->panic_stack, (uintptr_t)cpu->panic_stack.base);
    paint(&cpu->program_stack, program_written & ~(uint64_t)7);
    paint(&cpu->panic_stack, panic_written & ~(uint64_t)7);
    usage->program = depth(run.program_top - 8, run.lowest_program);
    usage->panic = depth(run.panic_top - 8, run.lowest_panic);
    usage->program_painted = depth(run.program_top - 8, program_written);
    usage->panic_painted = depth(run.panic_top - 8, panic_written);
    usage->steps = run.steps;
    usage->checks = run.checks;
    usage->check_steps = run.check_steps;
    usage->imports = run.imports;
    usage->truncated = run.truncated;
    usage->guard = run.fault || cpu->end == RUN_FAULTED;
    usage->end = cpu->end;
    return 0;
}
