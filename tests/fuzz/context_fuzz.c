/* SPDX-License-Identifier: Apache-2.0 */
/* Context files are written by people and other tools; every event is then made a program's
 * context. */
#include "base/diag.h"
#include "runtime/user/traced.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    static struct traced traced;
    struct context_file *context = NULL;

    if (!sink)
        sink = fopen("/dev/null", "w");
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    if (context_parse(diag, "fuzz", (const char *)data, size, &context) == 0) {
        for (size_t i = 0; i < context->event_count; i++) {
            traced_prepare(&traced, REX_PROGRAM_KPROBE, &context->events[i]);
            traced_prepare(&traced, REX_PROGRAM_TRACEPOINT, &context->events[i]);
            traced_prepare(&traced, REX_PROGRAM_PERF_EVENT, &context->events[i]);
        }
        uint8_t bytes[8];
        context_memory_read(context->memory, context->memory_count, 4096, bytes, sizeof(bytes));
        context_free(context);
    }
    diag_free(diag);
    return 0;
}
