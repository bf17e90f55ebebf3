/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/report.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "runtime/user/runtime.h"
#include "runtime/user/selection.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

int reports_create(struct reports *reports)
{
    *reports = (struct reports){0};
    return -pthread_mutex_init(&reports->lock, NULL);
}

void reports_destroy(struct reports *reports)
{
    pthread_mutex_destroy(&reports->lock);
}

static uint64_t key_of(const struct trace *trace, enum diag_code code)
{
    uint64_t key = 14695981039346656037u ^ (uint64_t)code; /* FNV-1a, by words */

    for (unsigned i = 0; i < trace->count; i++)
        key = (key ^ trace->addresses[i]) * 1099511628211u;
    return key != 0 ? key : 1;
}

/* Counts a report; whether it is one of those that are printed, as are all when the table is full.
 * The lock is held. */
static bool is_printed(struct reports *reports, uint64_t key)
{
    for (unsigned i = 0; i < REPORT_SITES; i++) {
        struct report_site *site = &reports->sites[(key + i) % REPORT_SITES];
        if (site->key != 0 && site->key != key)
            continue;
        site->key = key;
        site->count++;
        if (site->count <= REPORT_FULL)
            return true;
        reports->unprinted++;
        return false;
    }
    return true;
}

/* Reports, with where it happened and the stack trace as notes. */
static void report(struct cpu *cpu, struct diag_message *message, const struct trace *trace,
                   const char *what)
{
    struct runtime *runtime = cpu->runtime;
    struct strings notes = {0};

    pthread_mutex_lock(&runtime->reports.lock);
    if (is_printed(&runtime->reports, key_of(trace, message->code))) {
        strings_format(&notes, "%s %llu, CPU %u, program %s",
                       program_takes_packets(cpu->program) ? "packet" : "event",
                       (unsigned long long)cpu->event_number, cpu->visible.cpu_number,
                       cpu->program->name);
        trace_describe(cpu, trace, &notes);
        message->notes = (const char *const *)notes.items;
        diag_report(runtime->diag, message, "%s", what);
        strings_free(&notes);
    }
    pthread_mutex_unlock(&runtime->reports.lock);
}

/* Bytes that a terminal might take for commands become \xNN; a character that was cut off at the
 * end goes. */
static char *printable(const char *text)
{
    struct buffer out = {0};
    size_t length = strlen(text), start = length;

    while (start > 0 && length - start < 4 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start > 0 && (unsigned char)text[start - 1] >= 0xc0) {
        unsigned char lead = (unsigned char)text[start - 1];
        size_t wanted = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
        if (length - (start - 1) < wanted)
            length = start - 1;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
            buffer_format(&out, "\\x%02x", c);
        else
            buffer_char(&out, (char)c);
    }
    return buffer_take(&out);
}

/* What became of the panic body; NULL when it returned. */
static const char *body_trouble(enum run_end end)
{
    switch (end) {
    case RUN_PANICKED:
        return "it panicked again while formatting this message";
    case RUN_TIMED_OUT:
        return "it ran out of time while formatting this message";
    case RUN_OVERFLOWED:
        return "it ran out of stack while formatting this message";
    case RUN_FAULTED:
        return "it faulted while formatting this message";
    default:
        return NULL;
    }
}

void report_panic(struct cpu *cpu, const char *message, const struct trace *trace)
{
    struct diag_message diagnostic = {.code = DIAG_RUN_PANIC, .severity = DIAG_WARNING};
    const char *trouble = body_trouble(cpu->body_end);
    char *text = printable(message);
    /* The crate's panic body writes "panicked at FILE:LINE:COLUMN:", a newline, the message. */
    const bool placed = text && strncmp(text, "panicked at ", 12) == 0;
    char *what = must_format("the program %s%s%s%s%s", placed ? "" : "panicked: ", text ? text : "",
                             trouble ? "\n(" : "", trouble ? trouble : "", trouble ? ")" : "");

    if (trouble)
        diagnostic.help = "keep the Display and Debug of values in panic messages simple";
    report(cpu, &diagnostic, trace, what);
    free(what);
    free(text);
}

void report_timeout(struct cpu *cpu, const struct trace *trace)
{
    struct diag_message diagnostic = {.code = DIAG_RUN_TIMEOUT,
                                      .severity = DIAG_WARNING,
                                      .help = "bound the loop, or give a longer --timeout"};
    char *what = must_format("the program ran for more than %u ms and was stopped",
                             cpu->runtime->timeout_ms);

    report(cpu, &diagnostic, trace, what);
    free(what);
}

void report_overflow(struct cpu *cpu, const struct trace *trace)
{
    struct diag_message diagnostic = {
        .code = DIAG_RUN_OVERFLOW,
        .severity = DIAG_WARNING,
        .help = "recurse less deeply; `rexc stack` shows what each round needs"};

    report(cpu, &diagnostic, trace, "a stack check stopped the program: no room for the next call");
}

static const char *signal_name(int signal)
{
    switch (signal) {
    case SIGSEGV:
        return "bad memory access";
    case SIGBUS:
        return "bus error";
    case SIGILL:
        return "illegal instruction";
    case SIGFPE:
        return "division error";
    case SIGTRAP:
        return "ran into padding between functions";
    default:
        return "fault";
    }
}

/* ud2 stands in an object only where kcfi's check of an indirect call traps. */
static bool is_kcfi_trap(const struct cpu *cpu, const struct fault *fault)
{
    static const uint8_t ud2[] = {0x0f, 0x0b};

    return fault->signal == SIGILL && image_has_text(&cpu->runtime->image, fault->instruction) &&
           image_has_text(&cpu->runtime->image, fault->instruction + 1) &&
           memcmp((const void *)fault->instruction, ud2, sizeof(ud2)) == 0;
}

void report_fault(struct cpu *cpu, const struct fault *fault, const struct trace *trace)
{
    struct diag_message diagnostic = {
        .code = DIAG_RUN_FAULT,
        .why = "safe Rust that passed the build cannot do this: some part of the tool is wrong",
        .help = "please report it, with the object"};
    char *what = NULL;

    if (fault->guard) {
        diagnostic.code = DIAG_RUN_STACK_GUARD;
        diagnostic.why =
            "the stack bound or a stack check of the object is wrong; in a kernel this "
            "would have halted the machine";
        what = must_format("the program ran past its stack into the guard page at 0x%llx",
                           (unsigned long long)fault->address);
    } else if (is_kcfi_trap(cpu, fault)) {
        diagnostic.code = DIAG_RUN_KCFI;
        what = must_format("an indirect call's target is not a function of the call's type");
    } else {
        what = must_format(
            "%s in program text: instruction at image address 0x%llx, address 0x%llx",
            signal_name(fault->signal),
            (unsigned long long)(fault->instruction - (uint64_t)cpu->runtime->image.base),
            (unsigned long long)fault->address);
    }
    report(cpu, &diagnostic, trace, what);
    free(what);
}

void report_leak(struct cpu *cpu, unsigned count)
{
    struct diag_message diagnostic = {.code = DIAG_RUN_LEAK, .severity = DIAG_WARNING};
    const struct trace nowhere = {.count = 0};
    char *what = must_format("the program returned while it held %u lock%s, records or tasks; they "
                             "are released",
                             count, count == 1 ? "" : "s");

    report(cpu, &diagnostic, &nowhere, what);
    free(what);
}

void report_unprinted(struct runtime *runtime)
{
    struct diag_message diagnostic = {.code = DIAG_RUN_UNPRINTED, .severity = DIAG_NOTE};

    if (runtime->reports.unprinted == 0)
        return;
    diag_report(runtime->diag, &diagnostic,
                "%llu more reports from the same places in the program were counted, not printed",
                (unsigned long long)runtime->reports.unprinted);
}
