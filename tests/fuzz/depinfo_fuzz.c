/* SPDX-License-Identifier: Apache-2.0 */
/* dep-info has names of files, which anyone may choose; rustc's messages quote them. */
#include "base/diag.h"
#include "lint/depinfo.h"
#include "lint/messages.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    struct depinfo depinfo;
    depinfo_parse(&depinfo, (const char *)data, size);
    depinfo_free(&depinfo);
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    struct messages_result result =
        messages_show(diag, (const char *)data, size, "clippy.toml", true);
    buffer_free(&result.rest);
    diag_free(diag);
    return 0;
}
