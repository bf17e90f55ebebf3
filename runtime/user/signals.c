/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/signals.h"

#include "base/diag.h"
#include "runtime/user/cpu.h"
#include "runtime/user/runtime.h"

#include <asm/prctl.h>
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

/* In the order of struct signals; all but the first are faults. */
static const int handled[SIGNALS_COUNT] = {SIGNALS_TICK, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

/* A run has used its time (rex_abi.h, "Termination"). */
static void expire(struct cpu *cpu, ucontext_t *context)
{
    greg_t *instruction = &context->uc_mcontext.gregs[REG_RIP];

    if (!image_has_text(&cpu->runtime->image, (uint64_t)*instruction)) {
        /* An import, on the thread's stack: it finishes, and its stub looks. */
        cpu->attention = 1;
        return;
    }
    if (cpu->exiting) { /* the panic body */
        cpu->body_end = RUN_TIMED_OUT;
        *instruction = (greg_t)stack_abandon;
        return;
    }
    cpu->interrupted = (uint64_t)*instruction;
    cpu->ticks = 0;
    *instruction = (greg_t)cpu->runtime->image.handle_timeout;
}

/* The CPU that the thread is, when a program runs on it; NULL otherwise. A thread that is no CPU
 * has GS base 0, and reading through that would fault. */
static struct cpu *running_cpu(void)
{
    unsigned long base = 0;

    if (syscall(SYS_arch_prctl, ARCH_GET_GS, &base) != 0 || base == 0)
        return NULL;
    return cpu_current()->running ? cpu_current() : NULL;
}

static void on_tick(int signal, siginfo_t *info, void *context)
{
    const int saved_errno = errno;
    struct cpu *cpu = running_cpu();

    (void)signal;
    if (cpu) {
        if (cpu->watched_run != cpu->run_number) {
            cpu->watched_run = cpu->run_number;
            cpu->ticks = 0;
        } else {
            cpu->ticks += 1 + (uint64_t)info->si_overrun;
            if (cpu->ticks >= cpu->tick_limit)
                expire(cpu, context);
        }
    }
    errno = saved_errno;
}

/* A fault of the tool itself: says so and lets the signal do what it does by default. */
static void die(int signal)
{
    static const char text[] =
        "rexc: fault outside the program, in the runtime or an import that it called\n";
    const struct sigaction by_default = {.sa_handler = SIG_DFL};
    const ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

    (void)written; /* there is nowhere left to say that it failed */
    sigaction(signal, &by_default, NULL);
}

static void on_fault(int signal, siginfo_t *info, void *data)
{
    ucontext_t *context = data;
    greg_t *registers = context->uc_mcontext.gregs;
    const uint64_t stack = (uint64_t)registers[REG_RSP];
    struct cpu *cpu = running_cpu();

    /* Program text alone runs on these stacks. */
    if (!cpu ||
        !(stack_contains(&cpu->program_stack, stack) || stack_guards(&cpu->program_stack, stack) ||
          stack_contains(&cpu->panic_stack, stack) || stack_guards(&cpu->panic_stack, stack) ||
          image_has_text(&cpu->runtime->image, (uint64_t)registers[REG_RIP]))) {
        die(signal);
        return;
    }
    const uint64_t address = (uint64_t)info->si_addr;
    cpu->fault =
        (struct fault){.signal = signal,
                       .guard = signal == SIGSEGV && (stack_guards(&cpu->program_stack, address) ||
                                                      stack_guards(&cpu->panic_stack, address)),
                       .address = address,
                       .instruction = (uint64_t)registers[REG_RIP],
                       .frame = (uint64_t)registers[REG_RBP],
                       .stack = stack};
    registers[REG_RIP] = (greg_t)stack_fault;
}

int signals_install(struct diag *diag, struct signals *signals)
{
    struct sigaction action;

    memset(&action, 0, sizeof(action));
    sigemptyset(&action.sa_mask);
    /* A tick in the middle of a fault's handler would see a half-written struct fault. */
    sigaddset(&action.sa_mask, SIGNALS_TICK);
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    for (signals->installed = 0; signals->installed < SIGNALS_COUNT; signals->installed++) {
        const int signal = handled[signals->installed];
        action.sa_sigaction = signal == SIGNALS_TICK ? on_tick : on_fault;
        if (sigaction(signal, &action, &signals->old[signals->installed]) != 0) {
            diag_error(diag, DIAG_RUN_MACHINE, NULL, "signal handlers cannot be installed: %s",
                       strerror(errno));
            signals_restore(signals);
            return -1;
        }
    }
    return 0;
}

void signals_restore(struct signals *signals)
{
    while (signals->installed > 0) {
        signals->installed--;
        sigaction(handled[signals->installed], &signals->old[signals->installed], NULL);
    }
}
