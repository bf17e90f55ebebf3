/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/attach.h"
#include "base/diag.h"
#include "base/memory.h"
#include "runtime/loader/target.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int failed(struct diag *diag, const struct bpf_program *program, const struct target *target,
                  int error)
{
    return diag_error(diag, DIAG_LOAD_ATTACH, "`rexc explain REX1005` lists the usual reasons",
                      "program %s cannot be attached to %s: %s", bpf_program__name(program),
                      target->text ? target->text : bpf_program__section_name(program),
                      strerror(error));
}

/* Pins a link under the first name that is free. */
static int keep_link(struct diag *diag, const struct bpf_program *program, int link,
                     const char *directory, struct attachment *attachment)
{
    char *path = NULL;
    int result = -EEXIST;

    for (unsigned number = 1; number < 65536 && result == -EEXIST; number++) {
        free(path);
        path = number == 1
                   ? must_format("%s/%s-link", directory, bpf_program__name(program))
                   : must_format("%s/%s-link%u", directory, bpf_program__name(program), number);
        result = bpf_obj_pin(link, path);
    }
    if (result < 0) {
        diag_error(diag, DIAG_LOAD_PIN, "`rexc explain REX1006` says what a pin is",
                   "the link of program %s cannot be pinned as %s: %s", bpf_program__name(program),
                   path, strerror(-result));
        free(path);
        return -1;
    }
    attachment->pins =
        must_grow(attachment->pins, attachment->pin_count + 1, sizeof(*attachment->pins));
    attachment->pins[attachment->pin_count++] = path;
    return 0;
}

/* The same for a link of libbpf's. Its descriptors are left open until the process ends: libbpf
 * closes them only together with switching the perf event off. */
static int keep_bpf_link(struct diag *diag, const struct bpf_program *program,
                         struct bpf_link *link, const char *directory,
                         struct attachment *attachment)
{
    int result = keep_link(diag, program, bpf_link__fd(link), directory, attachment);
    if (result == 0)
        bpf_link__disconnect(link);
    bpf_link__destroy(link);
    return result;
}

/* -- By type ---------------------------------------------------------------------------------- */

static int attach_xdp(struct diag *diag, const struct bpf_program *program,
                      const struct target *target, const char *directory,
                      struct attachment *attachment)
{
    static const uint32_t flags[] = {
        [TARGET_XDP_ANY] = 0,
        [TARGET_XDP_NATIVE] = XDP_FLAGS_DRV_MODE,
        [TARGET_XDP_GENERIC] = XDP_FLAGS_SKB_MODE,
    };
    LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags[target->xdp]);

    int link = bpf_link_create(bpf_program__fd(program), (int)target->ifindex, BPF_XDP, &options);
    if (link < 0)
        return failed(diag, program, target, -link);
    int result = keep_link(diag, program, link, directory, attachment);
    close(link);
    return result;
}

static struct bpf_tc_hook tc_hook(unsigned ifindex, bool egress)
{
    return (struct bpf_tc_hook){.sz = sizeof(struct bpf_tc_hook),
                                .ifindex = (int)ifindex,
                                .attach_point = egress ? BPF_TC_EGRESS : BPF_TC_INGRESS};
}

/* Links for tc came with Linux 6.6; a filter works everywhere, and tc(8) shows it. */
static int attach_tc(struct diag *diag, const struct bpf_program *program,
                     const struct target *target, struct attachment *attachment)
{
    struct bpf_tc_hook hook = tc_hook(target->ifindex, target->egress);
    LIBBPF_OPTS(bpf_tc_opts, options, .prog_fd = bpf_program__fd(program));

    int result = bpf_tc_hook_create(&hook);
    if (result == 0 || result == -EEXIST)
        result = bpf_tc_attach(&hook, &options);
    if (result < 0)
        return failed(diag, program, target, -result);
    attachment->has_filter = true;
    attachment->ifindex = target->ifindex;
    attachment->egress = target->egress;
    attachment->handle = options.handle;
    attachment->priority = options.priority;
    return 0;
}

static int attach_kprobe(struct diag *diag, const struct bpf_program *program,
                         const struct target *target, const char *directory,
                         struct attachment *attachment)
{
    LIBBPF_OPTS(bpf_kprobe_opts, options, .offset = target->offset);
    struct bpf_link *link =
        target->text ? bpf_program__attach_kprobe_opts(program, target->function, &options)
                     : bpf_program__attach(program);
    if (!link)
        return failed(diag, program, target, errno);
    return keep_bpf_link(diag, program, link, directory, attachment);
}

static int attach_tracepoint(struct diag *diag, const struct bpf_program *program,
                             const struct target *target, const char *directory,
                             struct attachment *attachment)
{
    struct bpf_link *link =
        target->text ? bpf_program__attach_tracepoint(program, target->category, target->event)
                     : bpf_program__attach(program);
    if (!link)
        return failed(diag, program, target, errno);
    return keep_bpf_link(diag, program, link, directory, attachment);
}

/* One event of each CPU that is online, over all processes. */
static int attach_perf_event(struct diag *diag, const struct bpf_program *program,
                             const struct target *target, const char *directory,
                             struct attachment *attachment)
{
    struct perf_event_attr attributes = {
        .size = sizeof(attributes),
        .type = target->perf_type,
        .config = target->perf_config,
        .freq = 1,
        .sample_freq = target->frequency,
    };
    int attached = 0, count = libbpf_num_possible_cpus();

    if (count < 0)
        return failed(diag, program, target, -count);
    for (int cpu = 0; cpu < count; cpu++) {
        int event =
            (int)syscall(SYS_perf_event_open, &attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
        if (event < 0 && errno == ENODEV)
            continue; /* this CPU is offline */
        if (event < 0)
            return failed(diag, program, target, errno);
        struct bpf_link *link = bpf_program__attach_perf_event(program, event);
        if (!link) {
            int error = errno;
            close(event);
            return failed(diag, program, target, error);
        }
        if (keep_bpf_link(diag, program, link, directory, attachment) < 0)
            return -1;
        attached++;
    }
    return attached ? 0 : failed(diag, program, target, ENODEV);
}

static int attach(struct diag *diag, const struct bpf_program *program, const struct target *target,
                  const char *directory, struct attachment *attachment)
{
    switch (bpf_program__type(program)) {
    case BPF_PROG_TYPE_XDP:
        return attach_xdp(diag, program, target, directory, attachment);
    case BPF_PROG_TYPE_SCHED_CLS:
        return attach_tc(diag, program, target, attachment);
    case BPF_PROG_TYPE_KPROBE:
        return attach_kprobe(diag, program, target, directory, attachment);
    case BPF_PROG_TYPE_TRACEPOINT:
        return attach_tracepoint(diag, program, target, directory, attachment);
    default: /* target_parse() takes no other type */
        return attach_perf_event(diag, program, target, directory, attachment);
    }
}

int attach_program(struct diag *diag, const struct bpf_program *program,
                   const struct target *target, const char *directory,
                   struct attachment *attachment)
{
    *attachment = (struct attachment){0};
    int result = attach(diag, program, target, directory, attachment);
    if (result < 0)
        attachment_undo(attachment);
    return result;
}

void attachment_undo(struct attachment *attachment)
{
    for (size_t i = 0; i < attachment->pin_count; i++)
        unlink(attachment->pins[i]);
    if (attachment->has_filter)
        attach_remove_filter(attachment->ifindex, attachment->egress, attachment->handle,
                             attachment->priority);
    attachment_free(attachment);
}

int attach_remove_filter(unsigned ifindex, bool egress, uint32_t handle, uint32_t priority)
{
    struct bpf_tc_hook hook = tc_hook(ifindex, egress);
    LIBBPF_OPTS(bpf_tc_opts, options, .handle = handle, .priority = priority);

    return bpf_tc_detach(&hook, &options);
}

void attachment_free(struct attachment *attachment)
{
    for (size_t i = 0; i < attachment->pin_count; i++)
        free(attachment->pins[i]);
    free(attachment->pins);
    *attachment = (struct attachment){0};
}
