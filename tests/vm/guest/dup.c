// SPDX-License-Identifier: Apache-2.0
/* dup [COUNT]: dup(0), COUNT times, and the milliseconds that the slowest took. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    long count = argc > 1 ? atol(argv[1]) : 1, slowest = 0;

    for (long i = 0; i < count; i++) {
        struct timespec begun, ended;
        clock_gettime(CLOCK_MONOTONIC, &begun);
        int descriptor = dup(0);
        clock_gettime(CLOCK_MONOTONIC, &ended);
        if (descriptor < 0)
            return 1;
        close(descriptor);
        long took =
            (ended.tv_sec - begun.tv_sec) * 1000 + (ended.tv_nsec - begun.tv_nsec) / 1000000;
        slowest = took > slowest ? took : slowest;
    }
    printf("%ld\n", slowest);
    return 0;
}
