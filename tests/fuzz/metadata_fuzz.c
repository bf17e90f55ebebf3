/* SPDX-License-Identifier: Apache-2.0 */
/* Cargo's answers, build records and manifest expressions are parsed from bytes that a project may
 * have prepared. */
#include "base/diag.h"
#include "driver/cargo.h"
#include "driver/cfg.h"
#include "driver/version.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    struct diag_options options = {.stream = sink};
    struct diag *diag = diag_new(&options);
    struct package_list packages = {0};
    struct record record;
    struct record_key key = {0};
    char *text = malloc(size + 1);
    if (!text)
        abort();
    memcpy(text, data, size);
    text[size] = '\0';
    cargo_parse(diag, text, size, &packages);
    if (record_parse(&key, text, size, &record))
        record_free(&record);
    cfg_evaluate(CFG_KERNEL, text);
    version_match(text, "1.2.3");
    version_match("^1", text);
    package_list_free(&packages);
    free(text);
    diag_free(diag);
    return 0;
}
