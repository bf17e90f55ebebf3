/* SPDX-License-Identifier: Apache-2.0 */
/* The note's reader. What it takes has to be the one encoding of what it read. */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/note.h"

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
    struct diag_options options = {.stream = sink};
    struct diag *diag = diag_new(&options);
    struct note *note;
    if (note_read(diag, "input", data, size, &note) == 0) {
        struct buffer again = {0};
        if (note_write(diag, "input", note, &again) || again.length != size ||
            memcmp(again.data, data, size) != 0)
            abort();
        buffer_free(&again);
        note_free(note);
    }
    diag_free(diag);
    return 0;
}
