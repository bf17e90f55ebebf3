/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/cpu.h"

#include "runtime/user/report.h"
#include "runtime/user/runtime.h"
#include "runtime/user/signals.h"

#include <asm/prctl.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc 2.36 has the member under this name only. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

_Static_assert(offsetof(struct rex_cpu, stack_limit) == REX_CPU_STACK_LIMIT, "rex_abi.h");
_Static_assert(offsetof(struct rex_cpu, cpu_number) == REX_CPU_NUMBER, "rex_abi.h");
_Static_assert(offsetof(struct rex_cpu, numa_node) == REX_CPU_NUMA_NODE, "rex_abi.h");
_Static_assert(sizeof(struct rex_cpu) == REX_CPU_VISIBLE_SIZE, "rex_abi.h");
_Static_assert(offsetof(struct cpu, self) == CPU_SELF, "cpu.h");
_Static_assert(offsetof(struct cpu, host_stack) == CPU_HOST_STACK, "cpu.h");
_Static_assert(offsetof(struct cpu, program_frame) == CPU_PROGRAM_FRAME, "cpu.h");
_Static_assert(offsetof(struct cpu, attention) == CPU_ATTENTION, "cpu.h");

/* The watchdog's tick, as a part of the time limit; a run is stopped between one time limit and one
 * tick more. */
enum { TICKS_PER_LIMIT = 10 };
/* A stack's usable size: what the ABI promises, and a page for the first call's return address. */
enum { STACK_SIZE = REX_STACK_SIZE + REX_PAGE_SIZE };
enum { PANIC_STACK_SIZE = REX_PANIC_STACK + REX_STACK_RESERVE + REX_PAGE_SIZE };
enum { SIGNAL_STACK_SIZE = 64 << 10 };

struct cpu *cpu_current(void)
{
    struct cpu *cpu;

    __asm__ volatile("movq %%gs:%c1, %0" : "=r"(cpu) : "i"(CPU_SELF));
    return cpu;
}

int cpu_create(struct cpu *cpu, struct runtime *runtime, unsigned number)
{
    int error = 0;

    *cpu = (struct cpu){.self = cpu, .runtime = runtime};
    cpu->visible.cpu_number = number;
    /* Any fixed value but 0 will do: runs are to be repeatable. */
    cpu->random_state = 0x9e3779b97f4a7c15u * (number + 1u);
    error = stack_create(&cpu->program_stack, STACK_SIZE);
    if (error == 0)
        error = stack_create(&cpu->panic_stack, PANIC_STACK_SIZE);
    if (error != 0)
        cpu_destroy(cpu);
    return error;
}

void cpu_destroy(struct cpu *cpu)
{
    stack_destroy(&cpu->program_stack);
    stack_destroy(&cpu->panic_stack);
    packet_free(&cpu->packet);
}

/* A timer on the thread's own processor time, so that a busy machine stops no program early. */
static int start_watchdog(struct cpu *cpu)
{
    const uint64_t tick = (uint64_t)cpu->runtime->timeout_ms * 1000000u / TICKS_PER_LIMIT;
    const struct timespec period = {.tv_sec = (time_t)(tick / 1000000000u),
                                    .tv_nsec = (long)(tick % 1000000000u)};
    const struct itimerspec times = {.it_interval = period, .it_value = period};
    struct sigevent event;

    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGNALS_TICK;
    event.sigev_notify_thread_id = gettid();
    cpu->tick_limit = TICKS_PER_LIMIT;
    if (timer_create(CLOCK_THREAD_CPUTIME_ID, &event, &cpu->timer) != 0)
        return -errno;
    cpu->has_timer = true;
    return timer_settime(cpu->timer, 0, &times, NULL) == 0 ? 0 : -errno;
}

static int set_signal_stack(struct cpu *cpu)
{
    stack_t stack = {.ss_size = SIGNAL_STACK_SIZE};

    cpu->signal_stack =
        mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (cpu->signal_stack == MAP_FAILED) {
        cpu->signal_stack = NULL;
        return -errno;
    }
    stack.ss_sp = cpu->signal_stack;
    return sigaltstack(&stack, NULL) == 0 ? 0 : -errno;
}

int cpu_enter(struct cpu *cpu)
{
    int error = 0;

    if (syscall(SYS_arch_prctl, ARCH_SET_GS, cpu) != 0)
        return -errno;
    error = set_signal_stack(cpu);
    if (error == 0)
        error = start_watchdog(cpu);
    if (error != 0)
        cpu_leave(cpu);
    return error;
}

void cpu_leave(struct cpu *cpu)
{
    const stack_t none = {.ss_flags = SS_DISABLE};
    const struct timespec at_once = {0};
    sigset_t tick, mask;

    /* A tick that is still pending when the timer is gone must not arrive after the handler is. */
    sigemptyset(&tick);
    sigaddset(&tick, SIGNALS_TICK);
    pthread_sigmask(SIG_BLOCK, &tick, &mask);
    if (cpu->has_timer)
        timer_delete(cpu->timer);
    cpu->has_timer = false;
    while (sigtimedwait(&tick, NULL, &at_once) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    sigaltstack(&none, NULL);
    if (cpu->signal_stack)
        munmap(cpu->signal_stack, SIGNAL_STACK_SIZE);
    cpu->signal_stack = NULL;
    syscall(SYS_arch_prctl, ARCH_SET_GS, 0);
}

uint32_t cpu_run(struct cpu *cpu, uint64_t entry, void *context)
{
    /* rsp at the entry is top - 8: the call of the entry has pushed its return address. */
    const uint64_t top = (uint64_t)cpu->program_stack.top;
    uint64_t value = 0;

    cpu->visible.stack_limit = top - 8 - REX_STACK_PROGRAM;
    cpu->end = RUN_RETURNED;
    cpu->exiting = false;
    cpu->attention = 0;
    cpu->interrupted = 0;
    cpu->run_number = cpu->run_number + 1;
    cpu->running = true;
    value = stack_call(top, entry, (uint64_t)context, 0, 0);
    cpu->running = false;
    if (cpu->cleanup.used > 0) {
        cpu->leaks++;
        report_leak(cpu, cleanup_release(&cpu->cleanup, cpu->runtime));
    }
    return cpu->end == RUN_RETURNED ? (uint32_t)value : REX_DEFAULT_VERDICT;
}

uint64_t cpu_attention(void)
{
    struct cpu *cpu = cpu_current();

    cpu->attention = 0;
    if (cpu->exiting) {
        cpu->body_end = RUN_TIMED_OUT;
        return (uint64_t)stack_abandon;
    }
    return cpu->runtime->image.handle_timeout;
}
