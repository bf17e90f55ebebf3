/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/inspect.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "cmd/command.h"
#include "cmd/print_json.h"
#include "linker/keys.h"

#include <stdio.h>

static int print_inspection(struct diag *diag, const struct inspection *inspection)
{
    json_t *json = inspect_json(diag, inspection);
    return json ? print_json(diag, json, JSON_COMPACT) : -1;
}

static int print_text(struct diag *diag, const struct inspection *inspection)
{
    struct buffer text = {0};
    int result = inspect_text(diag, inspection, &text);
    if (result == 0)
        fwrite(text.data, 1, text.length, stdout);
    buffer_free(&text);
    return result;
}

int command_inspect(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    struct diag *diag = options->diag;
    struct certificate *development;
    struct inspection inspection;
    bool json = false;
    int option;

    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option != 'j')
            return command_bad_option(options, "inspect", argv, known);
        json = true;
    }
    if (argc - optind != 1)
        return command_usage_error(options, "inspect", "inspect takes one object file");
    if (development_certificate_load(diag, &development))
        return diag_exit_status(diag);
    int result = inspect_file(diag, argv[optind], development, &inspection);
    if (result == 0) {
        result = json ? print_inspection(diag, &inspection) : print_text(diag, &inspection);
        inspection_free(&inspection);
    }
    certificate_free(development);
    return result ? diag_exit_status(diag) : 0;
}
