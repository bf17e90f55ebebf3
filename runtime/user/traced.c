/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/traced.h"

#include <string.h>

void *traced_prepare(struct traced *traced, enum rex_program_type type,
                     const struct context_event *event)
{
    traced->event = event;
    switch (type) {
    case REX_PROGRAM_KPROBE:
        traced->registers = event->registers;
        return &traced->registers;
    case REX_PROGRAM_TRACEPOINT:
        memcpy(traced->record, event->record, sizeof(traced->record));
        return traced->record;
    case REX_PROGRAM_PERF_EVENT:
        traced->registers = event->registers;
        traced->sample = event->sample;
        traced->perf =
            (struct bpf_perf_event_data_kern){.regs = &traced->registers, .data = &traced->sample};
        return &traced->perf;
    default:
        return NULL;
    }
}
