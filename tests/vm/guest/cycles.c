// SPDX-License-Identifier: Apache-2.0
/* cycles FILE COUNT: loads an object and closes it, COUNT times; says how far it came when that
 * fails. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <librex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    long count = argc == 3 ? atol(argv[2]) : 0;

    for (long i = 0; i < count; i++) {
        struct rex_object *object = rex_object__open(argv[1], NULL);
        int result = object ? rex_object__load(object, NULL) : -errno;
        rex_object__close(object);
        if (result < 0) {
            printf("cycle %ld: %s\n", i, strerror(-result));
            return 1;
        }
    }
    printf("%ld\n", count);
    return count == 0;
}
