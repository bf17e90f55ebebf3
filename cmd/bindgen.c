/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/bindgen.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"

#include <stdlib.h>

int command_bindgen(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"btf", required_argument, NULL, 'b'},
                                          {"output", required_argument, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    const char *btf = BINDGEN_KERNEL, *output = NULL;
    for (int c; (c = getopt_long(argc, argv, ":o:", known, NULL)) != -1;) {
        if (c == 'b')
            btf = optarg;
        else if (c == 'o')
            output = optarg;
        else
            return command_bad_option(options, "bindgen", argv, known);
    }
    if (optind == argc)
        return command_usage_error(options, "bindgen", "no type was named");

    struct buffer rust = {0};
    int failed = bindgen_write(options->diag, btf, (const char *const *)argv + optind, &rust);
    if (!failed && rust.failed)
        failed =
            diag_error(options->diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory for the bindings");
    if (!failed && output)
        failed =
            file_write_atomic(options->diag, output, rust.data ? rust.data : "", rust.length, 0666);
    else if (!failed && rust.data)
        fwrite(rust.data, 1, rust.length, stdout);
    buffer_free(&rust);
    return failed ? diag_exit_status(options->diag) : 0;
}
