/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/target.h"
#include "base/diag.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>

/* Highest sampling frequency that is taken; the kernel has a limit of its own
 * (kernel.perf_event_max_sample_rate). */
#define FREQUENCY_MAX 100000

static int refuse(struct diag *diag, const char *program, const char *text, const char *help)
{
    if (!text)
        return diag_error(diag, DIAG_LOAD_TARGET, help, "program %s needs a target to attach to",
                          program);
    return diag_error(diag, DIAG_LOAD_TARGET, help, "program %s cannot be attached to '%s'",
                      program, text);
}

/* The part of text before the last mark; *rest is what follows it, or NULL without a mark. */
static bool split(const char *text, char mark, char *head, size_t size, const char **rest)
{
    const char *end = strrchr(text, mark);
    size_t length = end ? (size_t)(end - text) : strlen(text);

    *rest = end ? end + 1 : NULL;
    if (length == 0 || length >= size)
        return false;
    memcpy(head, text, length);
    head[length] = '\0';
    return true;
}

static int parse_interface(struct diag *diag, const char *program, const char *text,
                           struct target *target, const char **rest)
{
    if (!split(text, ':', target->interface, sizeof(target->interface), rest))
        return refuse(diag, program, text, "an interface's name is wanted");
    target->ifindex = if_nametoindex(target->interface);
    if (target->ifindex == 0)
        return diag_error(diag, DIAG_LOAD_TARGET, "`ip link` lists the interfaces",
                          "there is no interface '%s'", target->interface);
    return 0;
}

static int parse_xdp(struct diag *diag, const char *program, const char *text,
                     struct target *target)
{
    static const char help[] = "INTERFACE, INTERFACE:native or INTERFACE:generic";
    const char *mode;

    if (!text)
        return refuse(diag, program, text, help);
    if (parse_interface(diag, program, text, target, &mode) < 0)
        return -1;
    if (!mode)
        target->xdp = TARGET_XDP_ANY;
    else if (strcmp(mode, "native") == 0)
        target->xdp = TARGET_XDP_NATIVE;
    else if (strcmp(mode, "generic") == 0)
        target->xdp = TARGET_XDP_GENERIC;
    else
        return refuse(diag, program, text, help);
    return 0;
}

static int parse_tc(struct diag *diag, const char *program, const char *text, struct target *target)
{
    static const char help[] = "INTERFACE:ingress or INTERFACE:egress";
    const char *direction;

    if (!text)
        return refuse(diag, program, text, help);
    if (parse_interface(diag, program, text, target, &direction) < 0)
        return -1;
    if (!direction || (strcmp(direction, "ingress") != 0 && strcmp(direction, "egress") != 0))
        return refuse(diag, program, text, help);
    target->egress = direction[0] == 'e';
    return 0;
}

static bool parse_number(const char *text, int base, uint64_t *value)
{
    char *end;

    errno = 0;
    *value = strtoull(text, &end, base);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static int parse_kprobe(struct diag *diag, const char *program, const char *text,
                        struct target *target)
{
    const char *offset;

    if (!text)
        return 0;
    if (!split(text, '+', target->function, sizeof(target->function), &offset) ||
        (offset && !parse_number(offset, 0, &target->offset)))
        return refuse(diag, program, text, "FUNCTION or FUNCTION+OFFSET of the kernel");
    return 0;
}

static int parse_tracepoint(struct diag *diag, const char *program, const char *text,
                            struct target *target)
{
    const char *event;

    if (!text)
        return 0;
    if (!split(text, strchr(text, '/') ? '/' : ':', target->category, sizeof(target->category),
               &event) ||
        !event || event[0] == '\0' ||
        snprintf(target->event, sizeof(target->event), "%s", event) >= (int)sizeof(target->event))
        return refuse(diag, program, text,
                      "CATEGORY/EVENT; `ls /sys/kernel/tracing/events` lists the categories");
    return 0;
}

static int parse_perf_event(struct diag *diag, const char *program, const char *text,
                            struct target *target)
{
    static const char help[] = "HZ or EVENT@HZ; EVENT: cpu-clock, task-clock, cycles, instructions";
    static const struct {
        const char *name;
        uint32_t type;
        uint64_t config;
    } events[] = {
        {"cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK},
        {"task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK},
        {"cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES},
        {"instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS},
    };
    char name[32] = "cpu-clock";
    const char *frequency = text;

    if (!text)
        return refuse(diag, program, text, help);
    if (strchr(text, '@') && !split(text, '@', name, sizeof(name), &frequency))
        return refuse(diag, program, text, help);
    if (!frequency || !parse_number(frequency, 10, &target->frequency) || target->frequency == 0 ||
        target->frequency > FREQUENCY_MAX)
        return refuse(diag, program, text, help);
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (strcmp(events[i].name, name) == 0) {
            target->perf_type = events[i].type;
            target->perf_config = events[i].config;
            return 0;
        }
    }
    return refuse(diag, program, text, help);
}

int target_parse(struct diag *diag, const char *program, int type, const char *text,
                 struct target *target)
{
    *target = (struct target){.text = text};
    switch (type) {
    case BPF_PROG_TYPE_XDP:
        return parse_xdp(diag, program, text, target);
    case BPF_PROG_TYPE_SCHED_CLS:
        return parse_tc(diag, program, text, target);
    case BPF_PROG_TYPE_KPROBE:
        return parse_kprobe(diag, program, text, target);
    case BPF_PROG_TYPE_TRACEPOINT:
        return parse_tracepoint(diag, program, text, target);
    case BPF_PROG_TYPE_PERF_EVENT:
        return parse_perf_event(diag, program, text, target);
    default:
        return diag_error(diag, DIAG_LOAD_TARGET, NULL,
                          "program %s is of a type that rexc cannot attach", program);
    }
}
