// SPDX-License-Identifier: Apache-2.0
/* compat FILE: a loader as it is written for Rex's own librex, compiled with -include
 * librex_compat.h. */
#include <bpf/libbpf.h>
#include <librex.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    rex_set_debug(1);
    struct rex_obj *object = argc == 2 ? rex_obj_load(argv[1]) : NULL;
    struct bpf_object *bpf = object ? rex_obj_get_bpf(object) : NULL;
    struct bpf_program *program = bpf ? bpf_object__next_program(bpf, NULL) : NULL;

    if (!program)
        return 1;
    printf("%s has descriptor %d\n", bpf_program__name(program), bpf_program__fd(program));
    return bpf_program__fd(program) < 0;
}
