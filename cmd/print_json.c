/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/print_json.h"
#include "base/diag.h"

#include <stdio.h>

int print_json(struct diag *diag, json_t *value, size_t format)
{
    int result = value ? json_dumpf(value, stdout, format) : -1;
    json_decref(value);
    if (ferror(stdout))
        return -1;
    if (result || putchar('\n') == EOF)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to print the JSON");
    return 0;
}
