/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of any bytes, verified by every rule. What verifies has to verify again, with the same
 * report. */
#include "base/diag.h"
#include "linker/verify.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    struct verify_options options = {.name = "fuzz", .trust = VERIFY_UNSIGNED};
    struct verify_report first, second;
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    int result = verify_object(diag, &options, data, size, &first);
    int again = verify_object(diag, &options, data, size, &second);

    if (result != again || first.total != second.total ||
        memcmp(first.verdicts, second.verdicts, sizeof(first.verdicts)) != 0)
        abort();
    for (size_t i = 0; i < first.count; i++) {
        if (first.violations[i].rule >= VERIFY_RULES || !first.violations[i].text)
            abort();
    }
    verify_report_show(diag, "fuzz", &first);
    verify_report_free(&first);
    verify_report_free(&second);
    diag_free(diag);
    return 0;
}
