/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/project_options.h"
#include "driver/host_test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The words after "--" are the test program's. */
static char **split_arguments(int *argc, char **argv)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            int end = *argc;
            argv[i] = NULL;
            *argc = i;
            return i + 1 < end ? argv + i + 1 : argv + end;
        }
    }
    return argv + *argc;
}

/* As `rexc check` does: what must not be in a program is refused before any of it is run. That
 * leaves the working directory at the project's, and is undone. */
static int check(struct diag *diag, struct build_options *build)
{
    struct build_result result = {0};
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (here < 0)
        return diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot open the working directory: %s",
                          strerror(errno));
    build->pipeline.check_only = true;
    build->pipeline.errors_only = true; /* the compiler of the tests has the warnings */
    int status = build_project(diag, build, &result);
    build->pipeline.check_only = build->pipeline.errors_only = false;
    build_result_free(&result);
    if (fchdir(here))
        status = diag_error(diag, DIAG_CANNOT_READ, NULL,
                            "cannot go back to the working directory: %s", strerror(errno));
    close(here);
    return status;
}

int command_test(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {PROJECT_OPTIONS, {NULL, 0, NULL, 0}};
    struct build_options build;
    int status = 0;
    char **arguments = split_arguments(&argc, argv);
    project_options_begin(&build, options);
    for (int c;
         status == 0 && (c = getopt_long(argc, argv, PROJECT_SHORT_OPTIONS, known, NULL)) != -1;) {
        if (!project_option(&build, c, optarg))
            status = command_bad_option(options, "test", argv, known);
    }
    if (status == 0)
        status = project_directory(&build, "test", argc, argv, options);
    if (status == 0) {
        if (check(options->diag, &build) == 0)
            host_test(options->diag, &build, arguments);
        status = diag_exit_status(options->diag);
    }
    project_options_free(&build);
    return status;
}
