/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/session.h"

#include "base/diag.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A CPU's share of a session. */
struct worker {
    struct session *session;
    struct cpu *cpu;
    pthread_t thread;
    bool first_round;
    int error;                     /* 0 or -errno */
    struct statistics *statistics; /* of each program */
};

static uint64_t now(void)
{
    struct timespec time = {0};

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void count_end(struct statistics *statistics, enum run_end end)
{
    switch (end) {
    case RUN_RETURNED:
        break;
    case RUN_PANICKED:
        statistics->panics++;
        break;
    case RUN_TIMED_OUT:
        statistics->timeouts++;
        break;
    case RUN_OVERFLOWED:
        statistics->overflows++;
        break;
    case RUN_FAULTED:
        statistics->faults++;
        break;
    }
}

/* Runs a program of the selection. */
static uint32_t run_one(struct worker *worker, size_t index, void *context)
{
    struct statistics *statistics = &worker->statistics[index];
    struct cpu *cpu = worker->cpu;

    cpu->program = worker->session->selection.programs[index];
    const uint64_t clones = cpu->clones, overrides = cpu->overrides, leaks = cpu->leaks;
    const uint64_t entry = runtime_entry(cpu->runtime, cpu->program);
    const uint64_t start = now();
    const uint32_t verdict = cpu_run(cpu, entry, context);
    const uint64_t elapsed = now() - start;

    statistics->runs++;
    statistics->clones += cpu->clones - clones;
    statistics->overrides += cpu->overrides - overrides;
    statistics->leaks += cpu->leaks - leaks;
    if (cpu->end == RUN_RETURNED) { /* the time of the others is that of reporting them */
        if (statistics->timed == 0 || elapsed < statistics->fastest)
            statistics->fastest = elapsed;
        statistics->timed++;
        statistics->nanoseconds += elapsed;
    }
    statistics_add_verdict(statistics, verdict, 1);
    count_end(statistics, cpu->end);
    return verdict;
}

/* Adds what has become of the CPU's packet to the output. Returns 0 or -errno. */
static int write_packet(struct cpu *cpu)
{
    struct frame result;

    if (cpu->program->type == REX_PROGRAM_XDP)
        packet_of_xdp(&cpu->packet, cpu->frame, &result);
    else if (packet_of_tc(&cpu->packet, cpu->frame, &result) != 0)
        return -ENOMEM;
    capture_writer_add(cpu->session->writer, &result);
    return 0;
}

void session_clone(struct cpu *cpu)
{
    /* The first round alone is written: its worker set the frame's session. */
    if (cpu->session && cpu->session->writer)
        write_packet(cpu);
}

/* Each program gets the packet as it was captured. */
static int run_packet(struct worker *worker, size_t index, const struct frame *frame)
{
    struct cpu *cpu = worker->cpu;
    const enum rex_program_type type = worker->session->selection.programs[index]->type;
    void *context = NULL;
    uint32_t verdict = 0;

    cpu->frame = frame;
    cpu->session = worker->first_round ? worker->session : NULL;
    context = type == REX_PROGRAM_XDP ? (void *)packet_for_xdp(&cpu->packet, frame)
                                      : (void *)packet_for_tc(&cpu->packet, frame);
    if (!context)
        return -ENOMEM;
    verdict = run_one(worker, index, context);
    if (cpu->session && worker->session->writer && verdict_keeps_packet(type, verdict))
        return write_packet(cpu);
    return 0;
}

static void run_event(struct worker *worker, const struct context_event *event)
{
    struct cpu *cpu = worker->cpu;
    const struct selection *selection = &worker->session->selection;

    cpu->task = &worker->session->context->tasks[event->task];
    for (uint64_t i = 0; i < event->repeat; i++) {
        for (size_t k = 0; k < selection->count; k++) {
            if (event->targets & 1ull << k)
                run_one(worker, k,
                        traced_prepare(&cpu->traced, selection->programs[k]->type, event));
        }
    }
}

/* One round over this CPU's share. */
static int run_round(struct worker *worker)
{
    const struct session *session = worker->session;
    const size_t count = session->capture ? session->capture->count : session->context->event_count;
    const struct cpu *cpu = worker->cpu;

    for (size_t i = cpu->visible.cpu_number; i < count; i += cpu->runtime->cpu_count) {
        worker->cpu->event_number = i + 1;
        if (session->capture) {
            for (size_t k = 0; k < session->selection.count; k++) {
                int error = run_packet(worker, k, &session->capture->frames[i]);
                if (error != 0)
                    return error;
            }
        } else {
            run_event(worker, &session->context->events[i]);
        }
    }
    return 0;
}

static void *work(void *data)
{
    struct worker *worker = data;

    worker->error = cpu_enter(worker->cpu);
    if (worker->error != 0)
        return NULL;
    for (uint64_t round = 0; round < worker->session->repeat && worker->error == 0; round++) {
        worker->first_round = round == 0;
        worker->error = run_round(worker);
    }
    cpu_leave(worker->cpu);
    return NULL;
}

/* Starts a worker on each CPU and waits for all. Returns 0 or the -errno of one. */
static int run_workers(struct session *session, struct worker *workers)
{
    struct runtime *runtime = session->runtime;
    unsigned started = 0;
    int error = 0;

    for (; started < runtime->cpu_count; started++) {
        struct worker *worker = &workers[started];
        worker->session = session;
        worker->cpu = &runtime->cpus[started];
        worker->statistics = calloc(session->selection.count, sizeof(*worker->statistics));
        error = worker->statistics ? -pthread_create(&worker->thread, NULL, work, worker) : -ENOMEM;
        if (error != 0) {
            free(worker->statistics);
            break;
        }
    }
    for (unsigned i = 0; i < started; i++) {
        pthread_join(workers[i].thread, NULL);
        if (workers[i].error != 0)
            error = workers[i].error;
        for (size_t k = 0; k < session->selection.count; k++)
            statistics_merge(&session->by_program[k], &workers[i].statistics[k]);
        free(workers[i].statistics);
    }
    return error;
}

int session_run(struct session *session)
{
    struct runtime *runtime = session->runtime;
    struct worker *workers = NULL;
    int error = 0;

    if (session->context && selection_bind(runtime, &session->selection, session->context) != 0)
        return -1;
    session_free(session); /* an earlier run's */
    session->statistics = (struct statistics){0};
    session->by_program = calloc(session->selection.count, sizeof(*session->by_program));
    workers = calloc(runtime->cpu_count, sizeof(*workers));
    if (!workers || !session->by_program) {
        free(workers);
        return diag_error(runtime->diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for the CPUs");
    }
    runtime->context = session->context;
    runtime->tasks = session->context ? session->context->tasks : NULL;
    runtime->task_count = session->context ? session->context->task_count : 0;
    error = run_workers(session, workers);
    free(workers);
    if (error != 0)
        return diag_error(runtime->diag, DIAG_RUN_MACHINE, NULL, "the program cannot be run: %s",
                          strerror(-error));
    for (size_t k = 0; k < session->selection.count; k++) {
        statistics_merge(&session->statistics, &session->by_program[k]);
        statistics_sort(&session->by_program[k]);
    }
    statistics_sort(&session->statistics);
    report_unprinted(runtime);
    return 0;
}

void session_free(struct session *session)
{
    free(session->by_program);
    session->by_program = NULL;
}
