/* SPDX-License-Identifier: Apache-2.0 */
/* Source files are written by whoever wants something built: lexer, scan and shapes, for an edition
 * of each kind. */
#include "base/diag.h"
#include "lint/shapes.h"
#include "lint/source.h"
#include "lint/tokens.h"
#include "lint/types.h"

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
    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    static const int editions[] = {2018, 2024};
    for (size_t i = 0; i < 2; i++) {
        /* Exactly as long as the input, so that a read past the end is seen. */
        char *copy = malloc(size ? size : 1);
        if (!copy)
            break;
        if (size)
            memcpy(copy, data, size);
        struct source source;
        source_begin(diag, &source, "fuzz", copy, size, editions[i], false);
        /* Tokens stand in the order of the text and do not overlap. */
        size_t end = 0;
        for (size_t t = 0; t < source.count; t++) {
            if (source.tokens[t].offset < end || source.tokens[t].length > size)
                abort();
            end = source.tokens[t].offset;
        }
        struct types *types = types_new();
        types_collect(types, &source);
        tokens_check(diag, &source);
        shapes_check(diag, &source, types);
        types_free(types);
        source_free(&source);
    }
    diag_free(diag);
    return 0;
}
