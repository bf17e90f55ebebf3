/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The crate's kernel types at our build: kernel BTF TYPE... */
#include "base/buffer.h"
#include "base/diag.h"
#include "driver/bindgen.h"

int main(int argc, char **argv)
{
    struct diag *diag = diag_new(&(struct diag_options){0});
    struct buffer out = {0};
    if (argc < 3) {
        fprintf(stderr, "usage: %s BTF TYPE...\n", argv[0]);
        diag_free(diag);
        return 2;
    }
    int status = bindgen_write(diag, argv[1], (const char *const *)argv + 2, &out);
    if (status == 0 &&
        (fwrite(out.data, 1, out.length, stdout) != out.length || fflush(stdout) != 0))
        status = -1;
    buffer_free(&out);
    diag_free(diag);
    return status == 0 ? 0 : 1;
}
