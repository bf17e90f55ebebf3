/* SPDX-License-Identifier: Apache-2.0 */
/* Imports: locks, printing, time, random numbers. */
#include "base/buffer.h"
#include "base/diag.h"
#include "runtime/user/cpu.h"
#include "runtime/user/format.h"
#include "runtime/user/host.h"
#include "runtime/user/runtime.h"
#include "runtime/user/spin_lock.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <time.h>

#define NANOSECONDS 1000000000u
#define JIFFY (NANOSECONDS / 250) /* CONFIG_HZ=250, as Debian's kernels */

/* -EDEADLK when this run holds a lock already, this or another (the kernel's verifier allows one at
 * a time, too), or when another CPU has not given it up by the end of the run's time; -ENOSPC when
 * the run holds as much as it may. */
int64_t host_rex_spin_lock(struct bpf_spin_lock *lock)
{
    struct cpu *cpu = cpu_current();

    if (cleanup_holds_kind(&cpu->cleanup, REX_CLEANUP_SPIN_LOCK))
        return -EDEADLK;
    if (!cleanup_has_room(&cpu->cleanup))
        return -ENOSPC;
    while (!spin_lock_try(lock)) {
        if (cpu->attention)
            return -EDEADLK;
        sched_yield();
    }
    cleanup_add(&cpu->cleanup, REX_CLEANUP_SPIN_LOCK, lock);
    return 0;
}

int64_t host_rex_spin_unlock(struct bpf_spin_lock *lock)
{
    if (!cleanup_remove(&cpu_current()->cleanup, REX_CLEANUP_SPIN_LOCK, lock))
        return -EINVAL;
    spin_lock_release(lock);
    return 0;
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now = {0};

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NANOSECONDS + (uint64_t)now.tv_nsec;
}

/* A line as trace_pipe shows it: task, CPU, time, text. Always 0. */
int64_t host_rex_trace_printk(const char *text, uint64_t length)
{
    const struct cpu *cpu = cpu_current();
    const struct task_struct *task = cpu->task;
    const uint64_t now = read_clock(CLOCK_MONOTONIC);
    struct buffer line = {0};

    if (length > REX_LOG_MAX)
        length = REX_LOG_MAX;
    if (length > 0 && text[length - 1] == '\n')
        length--;
    buffer_format(&line, "%16.16s-%-7d [%03u] ..... %5llu.%06llu: bpf_trace_printk: ",
                  task ? task->comm : "<...>", task ? task->pid : 0, cpu->visible.cpu_number,
                  (unsigned long long)(now / NANOSECONDS),
                  (unsigned long long)(now % NANOSECONDS / 1000));
    buffer_append(&line, text, length);
    buffer_char(&line, '\n');
    pthread_mutex_lock(&cpu->runtime->reports.lock);
    if (!line.failed)
        diag_forward(cpu->runtime->diag, "trace", line.data, line.length);
    pthread_mutex_unlock(&cpu->runtime->reports.lock);
    buffer_free(&line);
    return 0;
}

uint64_t host_bpf_ktime_get_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

uint64_t host_bpf_ktime_get_boot_ns(void)
{
    return read_clock(CLOCK_BOOTTIME);
}

uint64_t host_bpf_ktime_get_coarse_ns(void)
{
    return read_clock(CLOCK_MONOTONIC_COARSE);
}

uint64_t host_bpf_jiffies64(void)
{
    return read_clock(CLOCK_MONOTONIC) / JIFFY;
}

/* xorshift64* (Vigna, "An experimental exploration of Marsaglia's xorshift generators, scrambled"):
 * the same numbers in every run of the tool, so that what a program did can be done again. */
uint64_t host_bpf_get_prandom_u32(void)
{
    struct cpu *cpu = cpu_current();
    uint64_t state = cpu->random_state;

    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    cpu->random_state = state;
    return (state * 2685821657736338717u) >> 32;
}

int64_t host_bpf_snprintf(char *text, uint64_t size, const char *format, const uint64_t *data,
                          uint64_t data_size)
{
    return format_bprintf(text, size, format, data, data_size);
}
