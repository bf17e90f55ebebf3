/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ways out of a run other than returning: a panic, a timeout, a failed stack check, a hardware
 * fault. Each runs on the thread's own stack; when it returns, its stub goes to the landing pad.
 */
#include "runtime/user/cpu.h"
#include "runtime/user/host.h"
#include "runtime/user/report.h"
#include "runtime/user/runtime.h"
#include "runtime/user/trace.h"

#include <string.h>

/* The first step of every way out: from now on further trouble abandons what is running, and the
 * watchdog gives what follows a time limit of its own. Returns false when it was taken already:
 * then the panic body is what got into trouble. */
static bool begin_exit(struct cpu *cpu, enum run_end end)
{
    if (cpu->exiting) {
        cpu->body_end = end;
        return false;
    }
    cpu->exiting = true;
    cpu->attention = 0;
    cpu->end = end;
    cpu->run_number = cpu->run_number + 1;
    return true;
}

/* Lets the program format its panic message, on the panic stack. When the body does not return,
 * message is what it had written by then, as far as that has no zero in it. */
static void format_panic(struct cpu *cpu, const void *panic_info, char message[REX_LOG_MAX + 1])
{
    const uint64_t top = (uint64_t)cpu->panic_stack.top;
    uint64_t length = 0;

    memset(message, 0, REX_LOG_MAX + 1);
    cpu->body_end = RUN_RETURNED;
    cpu->visible.stack_limit = top - 8 - REX_PANIC_STACK;
    length = stack_call(top, cpu->runtime->image.panic_body, (uint64_t)panic_info,
                        (uint64_t)message, REX_LOG_MAX);
    if (cpu->body_end == RUN_RETURNED)
        message[length <= REX_LOG_MAX ? length : 0] = '\0';
}

void host_rex_panic(const void *panic_info)
{
    struct cpu *cpu = cpu_current();
    char message[REX_LOG_MAX + 1];
    struct trace trace;

    if (!begin_exit(cpu, RUN_PANICKED))
        return;
    trace_from_import(cpu, &trace);
    /* The message's Display is the program's code, and may look at records and tasks that the run
     * holds: they go when it has ended, however it ends, with whatever it took itself. */
    cleanup_release_locks(&cpu->cleanup);
    format_panic(cpu, panic_info, message);
    cleanup_release(&cpu->cleanup, cpu->runtime);
    report_panic(cpu, message, &trace);
}

void host_rex_abort(void)
{
    struct cpu *cpu = cpu_current();
    struct trace trace;

    if (!begin_exit(cpu, RUN_PANICKED))
        return;
    trace_from_import(cpu, &trace);
    cleanup_release(&cpu->cleanup, cpu->runtime);
    report_panic(cpu, "the program aborted: it reached what its compiler took for impossible",
                 &trace);
}

void host_rex_timeout(void)
{
    struct cpu *cpu = cpu_current();
    struct trace trace;

    if (!begin_exit(cpu, RUN_TIMED_OUT))
        return;
    if (cpu->interrupted != 0)
        trace_from_frame(cpu, &trace, cpu->interrupted, *(uint64_t *)cpu->program_frame);
    else
        trace_from_import(cpu, &trace);
    cleanup_release(&cpu->cleanup, cpu->runtime);
    report_timeout(cpu, &trace);
}

void host_rex_stack_overflow(void)
{
    struct cpu *cpu = cpu_current();
    struct trace trace;

    if (!begin_exit(cpu, RUN_OVERFLOWED))
        return;
    trace_from_import(cpu, &trace);
    cleanup_release(&cpu->cleanup, cpu->runtime);
    report_overflow(cpu, &trace);
}

void cpu_fault(void)
{
    struct cpu *cpu = cpu_current();
    const struct fault fault = cpu->fault;
    struct trace trace;

    trace_from_frame(cpu, &trace, fault.instruction, fault.frame);
    if (!begin_exit(cpu, fault.guard ? RUN_OVERFLOWED : RUN_FAULTED)) {
        report_fault(cpu, &fault, &trace);
        return;
    }
    cleanup_release(&cpu->cleanup, cpu->runtime);
    report_fault(cpu, &fault, &trace);
}
