/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzz target over every file of a corpus directory, without libFuzzer: in `./scripts/check`
 * under ASan and UBSan, where a bad access ends the process. usage: NAME_replay [--tap]
 * DIRECTORY...
 */
#include "base/file.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned replay(const char *directory)
{
    unsigned count = 0;
    DIR *listing = opendir(directory);
    if (!listing)
        return 0;
    for (struct dirent *entry; (entry = readdir(listing));) {
        char *path = path_join(directory, entry->d_name);
        char *data;
        size_t size;
        if (entry->d_name[0] != '.' && file_read(NULL, path, 0, &data, &size) == 0) {
            /* A copy without the terminating NUL, so that a read one past the end is seen. */
            uint8_t *exact = malloc(size ? size : 1);
            if (exact) {
                memcpy(exact, data, size);
                LLVMFuzzerTestOneInput(exact, size);
                count++;
            }
            free(exact);
            free(data);
        }
        free(path);
    }
    closedir(listing);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--tap") != 0)
            count += replay(argv[i]);
    printf("%s 1 - %u inputs replayed\n1..1\n", count ? "ok" : "not ok", count);
    return count ? 0 : 1;
}
