/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over every file in a corpus directory or below it, without libFuzzer: in
 * `./scripts/check` under ASan and UBSan, where a bad access ends the process.
 * usage: NAME_replay [--tap] DIRECTORY...
 */
#include "base/file.h"

#include <ftw.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replayed;

static int replay(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    char *data;
    size_t size;
    (void)status;
    (void)place;
    if (kind != FTW_F)
        return 0;
    if (file_read(NULL, path, 0, &data, &size))
        return -1;
    /* A copy without the terminating NUL, so that a read one past the end is seen. */
    uint8_t *exact = malloc(size ? size : 1);
    if (exact) {
        memcpy(exact, data, size);
        LLVMFuzzerTestOneInput(exact, size);
        replayed++;
    }
    free(exact);
    free(data);
    return exact ? 0 : -1;
}

int main(int argc, char **argv)
{
    int result = 0;
    for (int i = 1; i < argc && result == 0; i++)
        if (strcmp(argv[i], "--tap") != 0)
            result = nftw(argv[i], replay, 16, FTW_PHYS);
    bool good = result == 0 && replayed > 0;
    printf("%s 1 - %u inputs replayed\n1..1\n", good ? "ok" : "not ok", replayed);
    return good ? 0 : 1;
}
