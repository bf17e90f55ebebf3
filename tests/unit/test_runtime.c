/* SPDX-License-Identifier: Apache-2.0 */
/* The user-space runtime on programs that misbehave in one way each (runtime_object.S). */
#include "base/diag.h"
#include "base/file.h"
#include "linker/verify.h"
#include "runtime/user/map.h"
#include "runtime/user/pcap_part.h"
#include "runtime/user/session.h"
#include "runtime/user/summary.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The verifier, which says what the test wants (runtime.cmake). */
static int verdict_of_verifier;
int __wrap_verify_object(struct diag *diag, const struct verify_options *options,
                         const uint8_t *bytes, size_t size, struct verify_report *report);
int __wrap_verify_object(struct diag *diag, const struct verify_options *options,
                         const uint8_t *bytes, size_t size, struct verify_report *report)
{
    (void)options;
    (void)bytes;
    (void)size;
    *report = (struct verify_report){0};
    return verdict_of_verifier < 0
               ? diag_error(diag, DIAG_RUN_IMAGE, NULL, "the verifier could not")
               : verdict_of_verifier;
}

/* One object with one program, and what it says. */
struct bench {
    struct diag *diag;
    FILE *stream;
    char *text;
    size_t text_size;
    struct runtime *runtime;
    struct capture capture;
    struct context_file *context;
    struct session session;
};

static void open_bench(struct bench *bench, const char *program, unsigned cpus)
{
    struct runtime_options options = {.name = "runtime_object", .timeout_ms = 20, .cpus = cpus};
    char *bytes = NULL;
    size_t size = 0;

    *bench = (struct bench){0};
    bench->stream = open_memstream(&bench->text, &bench->text_size);
    assert_non_null(bench->stream);
    bench->diag =
        diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER, .stream = bench->stream});
    assert_int_equal(file_read(bench->diag, RUNTIME_OBJECT, 0, &bytes, &size), 0);
    if (runtime_open(bench->diag, &options, (const uint8_t *)bytes, size, &bench->runtime) != 0) {
        fflush(bench->stream);
        fail_msg("%s", bench->text);
    }
    free(bytes);
    bench->session = (struct session){.runtime = bench->runtime, .repeat = 1};
    assert_int_equal(selection_make(bench->runtime, &program, 1, NULL, &bench->session.selection),
                     0);
}

static const char *said(struct bench *bench)
{
    fflush(bench->stream);
    return bench->text;
}

static void close_bench(struct bench *bench)
{
    session_free(&bench->session);
    runtime_close(bench->runtime);
    context_free(bench->context);
    free(bench->capture.frames);
    diag_free(bench->diag);
    fclose(bench->stream);
    free(bench->text);
}

/* Packets of 64 bytes; the first byte of every second one is 1. */
static void run_packets(struct bench *bench, size_t count)
{
    static const uint8_t even[64] = {0}, odd[64] = {1};

    bench->capture.frames = calloc(count, sizeof(*bench->capture.frames));
    bench->capture.count = count;
    for (size_t i = 0; i < count; i++)
        bench->capture.frames[i] =
            (struct frame){.data = i % 2 ? odd : even, .captured = 64, .length = 64};
    bench->session.capture = &bench->capture;
    assert_int_equal(session_run(&bench->session), 0);
}

static void run_context(struct bench *bench, const char *text)
{
    assert_int_equal(context_parse(bench->diag, "context", text, strlen(text), &bench->context), 0);
    bench->session.context = bench->context;
    assert_int_equal(session_run(&bench->session), 0);
}

static uint64_t verdicts(const struct bench *bench, uint32_t value)
{
    const struct statistics *statistics = &bench->session.statistics;

    for (unsigned i = 0; i < statistics->verdict_count; i++) {
        if (statistics->verdicts[i].value == value)
            return statistics->verdicts[i].count;
    }
    return 0;
}

static struct map *map_named(const struct bench *bench, const char *name)
{
    for (size_t i = 0; i < bench->runtime->map_count; i++) {
        if (strcmp(bench->runtime->maps[i]->name, name) == 0)
            return bench->runtime->maps[i];
    }
    fail_msg("no map %s", name);
    return NULL;
}

static uint64_t element(const struct bench *bench)
{
    const uint32_t key = 0;
    uint64_t value;

    memcpy(&value, map_lookup(map_named(bench, "array"), 0, &key), sizeof(value));
    return value;
}

#define CPU_OF(bench) (&(bench)->runtime->cpus[0])

/* Runs a program on four packets, all of which must end in the same way with the default verdict
 * and these words, and leave nothing behind. */
static void check_end(const char *program, enum run_end end, const char *words)
{
    struct bench bench;

    open_bench(&bench, program, 1);
    run_packets(&bench, 4);
    const struct statistics *statistics = &bench.session.statistics;
    assert_int_equal(statistics->runs, 4);
    assert_int_equal(verdicts(&bench, REX_DEFAULT_VERDICT), 4);
    assert_int_equal(statistics->panics, end == RUN_PANICKED ? 4 : 0);
    assert_int_equal(statistics->timeouts, end == RUN_TIMED_OUT ? 4 : 0);
    assert_int_equal(statistics->overflows, end == RUN_OVERFLOWED ? 4 : 0);
    assert_int_equal(statistics->faults, end == RUN_FAULTED ? 4 : 0);
    assert_int_equal(CPU_OF(&bench)->cleanup.used, 0);
    if (!strstr(said(&bench), words))
        fail_msg("\"%s\" is not in:\n%s", words, said(&bench));
    close_bench(&bench);
}

static void test_returns(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "pass", 1);
    run_packets(&bench, 10);
    assert_int_equal(bench.session.statistics.runs, 10);
    assert_int_equal(verdicts(&bench, 2), 10);
    assert_string_equal(said(&bench), "");
    close_bench(&bench);
    open_bench(&bench, "unknown_verdict", 1);
    run_packets(&bench, 3);
    assert_int_equal(verdicts(&bench, 77), 3);
    close_bench(&bench);
    open_bench(&bench, "clobber", 1);
    run_packets(&bench, 3);
    assert_int_equal(verdicts(&bench, 1), 3);
    close_bench(&bench);
}

static void test_repeat_and_maps(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "count", 1);
    bench.session.repeat = 7;
    run_packets(&bench, 10);
    assert_int_equal(bench.session.statistics.runs, 70);
    assert_int_equal(element(&bench), 70);
    close_bench(&bench);
}

static void test_cpus(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "panic_sometimes", 3);
    bench.session.repeat = 100;
    run_packets(&bench, 10);
    assert_int_equal(bench.session.statistics.runs, 1000);
    assert_int_equal(bench.session.statistics.panics, 500);
    assert_int_equal(verdicts(&bench, 0), 500);
    assert_int_equal(verdicts(&bench, 2), 500);
    close_bench(&bench);
}

static void test_panics(void **state)
{
    (void)state;
    check_end("panic", RUN_PANICKED, "the program panicked: Wall");
    check_end("panic", RUN_PANICKED, "#0  panic");
    check_end("panic_body_loops", RUN_PANICKED, "it ran out of time while formatting");
    check_end("panic_body_panics", RUN_PANICKED, "it panicked again while formatting");
    check_end("panic_body_calls", RUN_PANICKED, "it ran out of time while formatting");
}

static void test_panic_body_breaks(void **state)
{
    (void)state;
    check_end("panic_body_faults", RUN_PANICKED, "it faulted while formatting");
    check_end("panic_body_overflows", RUN_PANICKED, "it ran out of stack while formatting");
}

static void test_timeouts(void **state)
{
    (void)state;
    check_end("loop", RUN_TIMED_OUT, "more than 20 ms");
    check_end("loop", RUN_TIMED_OUT, "#0  loop");
    check_end("loop_in_copy", RUN_TIMED_OUT, "#0  loop_in_copy");
    check_end("loop_in_helper", RUN_TIMED_OUT, "loop_in_helper");
}

/* The lock that a stopped run held can be taken by the next: it would not end otherwise. */
static void test_locks(void **state)
{
    (void)state;
    struct bench bench;

    check_end("lock_and_panic", RUN_PANICKED, "Wall");
    check_end("lock_and_loop", RUN_TIMED_OUT, "lock_and_loop");
    open_bench(&bench, "lock_twice", 1);
    run_packets(&bench, 4);
    assert_int_equal(verdicts(&bench, (uint32_t)-EDEADLK), 4);
    assert_int_equal(element(&bench), 0);
    close_bench(&bench);
    open_bench(&bench, "return_with_lock", 1);
    run_packets(&bench, 4);
    assert_int_equal(verdicts(&bench, 2), 4);
    assert_int_equal(bench.session.statistics.leaks, 4);
    assert_int_equal(element(&bench), 0);
    assert_non_null(strstr(said(&bench), "returned while it held 1 "));
    close_bench(&bench);
}

static void count_notes(void *data, const void *key, const void *value, size_t size,
                        const char *note)
{
    unsigned *counts = data; /* whole, busy, discarded */

    (void)key;
    (void)value;
    assert_int_equal(size, 16);
    counts[!note ? 0 : strcmp(note, "busy") == 0 ? 1 : 2]++;
}

static void test_ring_buffer(void **state)
{
    (void)state;
    struct bench bench;
    unsigned counts[3] = {0};

    open_bench(&bench, "reserve_and_panic", 1);
    run_packets(&bench, 4);
    map_each(map_named(&bench, "ring"), count_notes, counts);
    assert_int_equal(counts[0], 0);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 4);
    close_bench(&bench);

    memset(counts, 0, sizeof(counts));
    open_bench(&bench, "reserve_and_submit", 1);
    run_packets(&bench, 1000);
    map_each(map_named(&bench, "ring"), count_notes, counts);
    assert_int_equal(counts[0], 4095 / 24); /* 24 bytes a record, and one byte stays free */
    assert_int_equal(counts[1] + counts[2], 0);
    close_bench(&bench);

    open_bench(&bench, "submit_forged", 1);
    run_packets(&bench, 1);
    assert_int_equal(verdicts(&bench, (uint32_t)-EINVAL), 1);
    close_bench(&bench);
}

static void test_overflows(void **state)
{
    (void)state;
    check_end("failed_check", RUN_OVERFLOWED, "a stack check stopped the program");
    check_end("run_off_stack", RUN_OVERFLOWED, "into the guard page");
    check_end("big_frame", RUN_OVERFLOWED, "into the guard page");
}

static void test_faults(void **state)
{
    (void)state;
    check_end("fault_null", RUN_FAULTED, "bad memory access in program text");
    check_end("fault_jump", RUN_FAULTED, "bad memory access");
    check_end("fault_ud2", RUN_FAULTED, "an indirect call's target");
    check_end("fault_divide", RUN_FAULTED, "division error");
    check_end("fault_padding", RUN_FAULTED, "padding between functions");
    check_end("write_text", RUN_FAULTED, "bad memory access");
    check_end("write_relro", RUN_FAULTED, "bad memory access");
    check_end("execute_data", RUN_FAULTED, "bad memory access");
}

/* Faults and guard hits are errors: the exit status is 1. Panics, timeouts and failed checks are
 * not. */
static void test_exit_status(void **state)
{
    (void)state;
    static const struct {
        const char *program;
        int status;
    } cases[] = {
        {"panic", 0}, {"loop", 0}, {"failed_check", 0}, {"run_off_stack", 1}, {"fault_null", 1}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench bench;
        open_bench(&bench, cases[i].program, 1);
        run_packets(&bench, 1);
        assert_int_equal(diag_exit_status(bench.diag), cases[i].status);
        close_bench(&bench);
    }
}

/* No page of an image is writable and executable; text is not writable, RELRO neither. */
static void test_w_xor_x(void **state)
{
    (void)state;
    struct bench bench;
    char line[512];
    unsigned pages[8] = {0};
    FILE *maps = NULL;

    open_bench(&bench, "pass", 1);
    const uint64_t base = (uint64_t)bench.runtime->image.base,
                   end = base + bench.runtime->image.size;
    maps = fopen("/proc/self/maps", "re");
    assert_non_null(maps);
    while (fgets(line, sizeof(line), maps)) {
        unsigned long start = 0, stop = 0;
        char permissions[5] = "";
        assert_int_equal(sscanf(line, "%lx-%lx %4s", &start, &stop, permissions), 3);
        if (stop <= base || start >= end)
            continue;
        /* A neighbour with the same protection is shown as one with it. */
        start = start < base ? base : start;
        stop = stop > end ? end : stop;
        assert_true(permissions[0] == 'r');
        assert_false(permissions[1] == 'w' && permissions[2] == 'x');
        pages[(permissions[1] == 'w' ? 2 : 0) + (permissions[2] == 'x' ? 1 : 0)] +=
            (unsigned)((stop - start) / 4096);
    }
    fclose(maps);
    assert_int_equal(pages[0], 2); /* headers and .rodata; RELRO */
    assert_int_equal(pages[1], 1); /* text */
    assert_int_equal(pages[2], 2); /* .data */
    assert_int_equal(pages[3], 0);
    /* What no segment fills is int3. */
    assert_int_equal(((const uint8_t *)bench.runtime->image.text[0].end)[0], 0xcc);
    close_bench(&bench);
}

static long resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "re");

    assert_non_null(file);
    assert_int_equal(fscanf(file, "%ld %ld", &pages, &resident), 2);
    fclose(file);
    return resident * 4;
}

static void test_a_million_panics(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "panic", 1);
    bench.session.repeat = 100;
    run_packets(&bench, 100);
    free(bench.capture.frames);
    const long before = resident_kib();
    bench.session.repeat = 10000;
    run_packets(&bench, 100);
    assert_int_equal(bench.session.statistics.panics, 1000000);
#ifndef __SANITIZE_ADDRESS__ /* which keeps freed memory, and finds leaks itself */
    assert_true(resident_kib() - before < 512);
#else
    (void)before;
#endif
    assert_true(strlen(said(&bench)) < 10000);
    assert_non_null(strstr(said(&bench), "were counted, not printed"));
    close_bench(&bench);
}

static void test_print(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "print", 1);
    run_packets(&bench, 2);
    const char *first = strstr(said(&bench), "bpf_trace_printk: hello\n");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "bpf_trace_printk: hello\n"));
    close_bench(&bench);
}

/* A frame in a file of its own; returns what comes out of the program. */
static void write_and_read(struct bench *bench, const struct frame *frame, struct capture *result)
{
    char path[] = "/tmp/rexc-test-XXXXXX";
    int file = mkstemp(path);

    assert_true(file >= 0);
    close(file);
    bench->capture.frames = calloc(1, sizeof(*frame));
    bench->capture.frames[0] = *frame;
    bench->capture.count = 1;
    bench->session.capture = &bench->capture;
    bench->session.repeat = 3;
    bench->session.writer = capture_writer_open(bench->diag, &rexc_libpcap, path, &bench->capture);
    assert_non_null(bench->session.writer);
    assert_int_equal(session_run(&bench->session), 0);
    assert_int_equal(capture_writer_finish(bench->diag, bench->session.writer), 0);
    bench->session.writer = NULL;
    assert_int_equal(capture_read(bench->diag, &rexc_libpcap, path, result), 0);
    unlink(path);
}

static void test_output(void **state)
{
    (void)state;
    uint8_t bytes[60] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,    0, 0,
                         0,    0,    1,    0x81, 0x00, 0x20, 0x2a, 8};
    const struct frame frame = {
        .data = bytes, .captured = 60, .length = 100, .time = 1700000000123456000u};
    struct capture result;
    struct bench bench;

    open_bench(&bench, "grow", 1); /* only the first of the rounds is written */
    write_and_read(&bench, &frame, &result);
    assert_int_equal(result.count, 1);
    assert_int_equal(result.frames[0].captured, 64);
    assert_int_equal(result.frames[0].length, 104);
    assert_int_equal(result.frames[0].time, frame.time);
    assert_memory_equal(result.frames[0].data, bytes, 60);
    assert_memory_equal(result.frames[0].data + 60, "ABCD", 4);
    capture_free(&result);
    close_bench(&bench);

    open_bench(&bench, "clone", 1); /* the clone, then the packet; both with their tag */
    write_and_read(&bench, &frame, &result);
    assert_int_equal(bench.session.statistics.clones, 3);
    assert_int_equal(result.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(result.frames[i].captured, 60);
        assert_int_equal(result.frames[i].length, 100);
        assert_memory_equal(result.frames[i].data, bytes, 60);
    }
    capture_free(&result);
    close_bench(&bench);

    open_bench(&bench, "vlan", 1); /* 0x202a is no verdict that keeps a packet back */
    write_and_read(&bench, &frame, &result);
    assert_int_equal(verdicts(&bench, 0x202a), 3);
    assert_int_equal(result.count, 1);
    capture_free(&result);
    close_bench(&bench);
}

static void test_events(void **state)
{
    (void)state;
    struct bench bench;

    open_bench(&bench, "probe", 1);
    run_context(&bench, "{\"events\": [{\"registers\": {\"rdi\": 41}, \"repeat\": 3}, {}]}");
    assert_int_equal(verdicts(&bench, 41), 3);
    assert_int_equal(verdicts(&bench, 0), 1);
    assert_int_equal(bench.session.statistics.overrides, 4);
    close_bench(&bench);

    open_bench(&bench, "current", 1);
    run_context(&bench, "{\"tasks\": [{\"pid\": 7, \"comm\": \"seven\"}, {\"pid\": 9}],"
                        " \"events\": [{\"task\": 9}, {\"task\": 7}, {}]}");
    assert_int_equal(verdicts(&bench, 7), 1);
    assert_int_equal(verdicts(&bench, 9), 1);
    assert_int_equal(verdicts(&bench, (uint32_t)getpid()), 1);
    assert_int_equal(bench.context->tasks[1].references, 0);
    close_bench(&bench);

    open_bench(&bench, "read_memory", 1);
    run_context(&bench,
                "{\"memory\": [{\"address\": \"0xffff888000000000\", \"bytes\": \"01000000 02\"}],"
                " \"events\": [{\"registers\": {\"rdi\": \"0xffff888000000000\"}},"
                " {\"registers\": {\"rdi\": \"0xffff888000000002\"}}]}");
    assert_int_equal(verdicts(&bench, 1), 1);
    assert_int_equal(verdicts(&bench, (uint32_t)-EFAULT), 1);
    close_bench(&bench);

    open_bench(&bench, "trace", 1);
    run_context(&bench, "{\"events\": [{\"fields\": [1, -2, {\"text\": \"/etc/passwd\"}]}]}");
    assert_int_equal(verdicts(&bench, (uint32_t)-2), 1);
    close_bench(&bench);

    open_bench(&bench, "sample", 1);
    run_context(&bench,
                "{\"events\": [{\"stack\": [\"0xffffffff81000010\", \"0xffffffff81000020\"]},"
                " {\"registers\": {\"rip\": 5}}, {}]}");
    assert_int_equal(verdicts(&bench, (uint32_t)-EFAULT), 1);
    assert_int_equal(bench.session.statistics.runs, 3);
    close_bench(&bench);
}

/* What the verifier refuses never gets as far as being mapped. */
static void test_verifier_decides(void **state)
{
    (void)state;
    struct runtime_options options = {.name = "x", .timeout_ms = 1, .cpus = 1};
    struct diag *diag = diag_new(&(struct diag_options){.stream = fopen("/dev/null", "we")});
    struct runtime *runtime = NULL;
    char *bytes = NULL;
    size_t size = 0;

    assert_int_equal(file_read(diag, RUNTIME_OBJECT, 0, &bytes, &size), 0);
    for (verdict_of_verifier = -1; verdict_of_verifier <= 1; verdict_of_verifier += 2) {
        assert_int_equal(runtime_open(diag, &options, (const uint8_t *)bytes, size, &runtime), -1);
        assert_null(runtime);
    }
    verdict_of_verifier = 0;
    assert_int_equal(runtime_open(diag, &options, (const uint8_t *)bytes, size, &runtime), 0);
    runtime_close(runtime);
    free(bytes);
    diag_free(diag);
}

/* Names, events that name programs and attach points, and what is wrong with either. */
static void test_selection(void **state)
{
    (void)state;
    static const char *const twice[] = {"pass", "pass"}, *const absent[] = {"absent"};
    static const char *const two[] = {"trace", "probe"};
    struct bench bench;
    struct selection selection;

    open_bench(&bench, "pass", 1);
    assert_int_equal(selection_make(bench.runtime, absent, 1, NULL, &selection), -1);
    assert_non_null(strstr(said(&bench), "has no program absent"));
    assert_int_equal(selection_make(bench.runtime, twice, 2, NULL, &selection), -1);
    assert_non_null(strstr(said(&bench), "program pass is named twice"));
    assert_int_equal(selection_make(bench.runtime, NULL, 0, NULL, &selection), -1);
    assert_non_null(strstr(said(&bench), "--prog takes one or more of: pass, unknown_verdict, "));

    /* An event goes to the programs that it names, of those that run; or to all of these. */
    assert_int_equal(selection_make(bench.runtime, two, 2, NULL, &bench.session.selection), 0);
    run_context(
        &bench,
        "{\"events\": [{\"program\": \"probe\", \"registers\": {\"rdi\": 41}, \"repeat\": 3},"
        " {\"program\": \"tracepoint/test/event\", \"fields\": [0, -2]},"
        " {\"program\": \"kprobe\", \"registers\": {\"rdi\": 42}},"
        " {\"program\": \"pass\"}, {\"registers\": {\"rdi\": 43}}]}");
    assert_int_equal(bench.session.statistics.runs, 7);
    assert_int_equal(bench.session.by_program[0].runs, 2);
    assert_int_equal(bench.session.by_program[1].runs, 5);
    assert_int_equal(bench.session.by_program[1].overrides, 5);
    assert_int_equal(verdicts(&bench, 41), 3);
    assert_int_equal(verdicts(&bench, 42), 1);
    assert_int_equal(verdicts(&bench, 43), 1);
    assert_int_equal(verdicts(&bench, (uint32_t)-2), 1);

    /* Without names it is those that the events name, in the object's order. */
    bench.context->events[4].program = "trace";
    bench.context->events[2].program = "trace";
    assert_int_equal(selection_make(bench.runtime, NULL, 0, bench.context, &selection), 0);
    assert_int_equal(selection.count, 3);
    assert_string_equal(selection.programs[0]->name, "pass");
    assert_string_equal(selection.programs[1]->name, "probe");
    assert_string_equal(selection.programs[2]->name, "trace");
    bench.context->events[3].program = NULL;
    assert_int_equal(selection_make(bench.runtime, NULL, 0, bench.context, &selection), -1);
    assert_non_null(strstr(said(&bench), "events[3] of context does not say for which it is"));
    bench.context->events[1].program = "tracepoint/test";
    assert_int_equal(session_run(&bench.session), -1);
    assert_non_null(strstr(said(&bench), "events[1].program: runtime_object has no program and no "
                                         "attach point tracepoint/test"));
    close_bench(&bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_returns),
        cmocka_unit_test(test_repeat_and_maps),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_panics),
        cmocka_unit_test(test_panic_body_breaks),
        cmocka_unit_test(test_timeouts),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_ring_buffer),
        cmocka_unit_test(test_overflows),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_w_xor_x),
        cmocka_unit_test(test_a_million_panics),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_output),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_verifier_decides),
        cmocka_unit_test(test_selection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
