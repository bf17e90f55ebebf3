/* SPDX-License-Identifier: Apache-2.0 */
/* BTF of a kernel that anyone may have made, as `rexc bindgen --btf` reads it: views of its first
 * types that have names. */
#include "base/buffer.h"
#include "base/diag.h"
#include "driver/bindgen.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define TYPES 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_views(struct diag *diag, const char *path, const char *const *types)
{
    struct buffer text = {0};
    bindgen_write(diag, path, types, &text);
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink) {
        sink = fopen("/dev/null", "w");
        libbpf_set_print(NULL);
    }
    struct btf *btf = btf__new(data, (uint32_t)size);
    if (!btf)
        return 0;
    char path[32];
    int file = memfd_create("btf", MFD_CLOEXEC);
    if (file < 0 || write(file, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);

    struct diag *diag = diag_new(&(struct diag_options){.stream = sink});
    const char *types[TYPES + 1] = {0};
    size_t count = 0;
    for (uint32_t i = 1; i < btf__type_cnt(btf) && count < TYPES; i++) {
        const struct btf_type *t = btf__type_by_id(btf, i);
        const char *name = btf__name_by_offset(btf, t->name_off);
        if ((btf_is_composite(t) || btf_is_any_enum(t) || btf_is_typedef(t)) && name && name[0])
            types[count++] = name;
    }
    if (count)
        write_views(diag, path, types);
    /* And each alone: the first that is refused ends the others. */
    for (size_t i = 0; i < count && count > 1; i++)
        write_views(diag, path, (const char *const[]){types[i], NULL});
    diag_free(diag);
    close(file);
    btf__free(btf);
    return 0;
}
