/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/project_options.h"

#include <stdio.h>

int command_check(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {PROJECT_OPTIONS, {NULL, 0, NULL, 0}};
    struct build_options build;
    struct build_result result = {0};
    int status = 0;
    project_options_begin(&build, options);
    build.pipeline.check_only = true;
    for (int c;
         status == 0 && (c = getopt_long(argc, argv, PROJECT_SHORT_OPTIONS, known, NULL)) != -1;) {
        if (!project_option(&build, c, optarg))
            status = command_bad_option(options, "check", argv, known);
    }
    if (status == 0)
        status = project_directory(&build, "check", argc, argv, options);
    if (status == 0) {
        build_project(options->diag, &build, &result);
        status = diag_exit_status(options->diag);
    }
    build_result_free(&result);
    project_options_free(&build);
    return status;
}
