/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "driver/scaffold.h"
#include "driver/toolchain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int unknown_type(const struct command_options *options, const char *type)
{
    const char *near = command_nearest(type, scaffold_types);
    char *help = near ? must_format("did you mean `%s`?", near)
                      : must_copy("use kprobe, tracepoint, perf_event, xdp or tc");
    diag_error(options->diag, DIAG_UNKNOWN_TYPE, help, "'%s' is not a program type", type);
    free(help);
    return 2;
}

static bool is_type(const char *word)
{
    for (size_t i = 0; scaffold_types[i]; i++) {
        if (strcmp(scaffold_types[i], word) == 0)
            return true;
    }
    return false;
}

int command_new(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"path", required_argument, NULL, 'p'},
                                          {NULL, 0, NULL, 0}};
    struct scaffold_options scaffold = {0};
    struct installation installation;
    struct toolchain toolchain = {0};
    char *made = NULL;
    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (c != 'p')
            return command_bad_option(options, "new", argv, known);
        scaffold.path = optarg;
    }
    if (argc - optind != 2)
        return command_usage_error(options, "new",
                                   argc - optind < 2 ? "a program type and a name are needed"
                                                     : "too many words: a type and a name");
    scaffold.type = argv[optind];
    scaffold.name = argv[optind + 1];
    if (!is_type(scaffold.type))
        return unknown_type(options, scaffold.type);
    if (installation_find(options->diag, &installation) == 0) {
        scaffold.templates = installation.templates;
        scaffold.crates = installation.crates;
        /* Which compiler fits is of use to have in the package, but none is needed to make it. */
        toolchain_probe(options->diag, &installation, options->verbose, false, &toolchain);
        scaffold.rustc = toolchain.tools[TOOL_RUSTC].path;
        if (!scaffold.rustc)
            scaffold.rustc = "rustc";
        if (scaffold_make(options->diag, &scaffold, &made) == 0) {
            printf("%s\n", made);
            if (!options->quiet)
                fprintf(stderr, "made a %s program; build it with: rexc build %s\n", scaffold.type,
                        made);
        }
    }
    free(made);
    toolchain_free(&toolchain);
    installation_free(&installation);
    return diag_exit_status(options->diag);
}
