/* SPDX-License-Identifier: Apache-2.0 */
/* The options that build, check and test share. */
#ifndef REXC_CMD_PROJECT_OPTIONS_H
#define REXC_CMD_PROJECT_OPTIONS_H

#include "cmd/command.h"
#include "driver/build.h"

/* Values of struct option for PROJECT_OPTIONS; a command's own are above. */
enum { OPTION_PACKAGE = 256, OPTION_PROGRAM, OPTION_FEATURES, OPTION_NO_DEFAULT, OPTION_OWN };

#define PROJECT_OPTIONS                                                                            \
    {"package", required_argument, NULL, OPTION_PACKAGE},                                          \
        {"bin", required_argument, NULL, OPTION_PROGRAM},                                          \
        {"features", required_argument, NULL, OPTION_FEATURES},                                    \
    {                                                                                              \
        "no-default-features", no_argument, NULL, OPTION_NO_DEFAULT                                \
    }
#define PROJECT_SHORT_OPTIONS ":p:"

/* Everything at its default. */
void project_options_begin(struct build_options *build, const struct command_options *options);
/* Takes one of the shared options; false when it is none. */
bool project_option(struct build_options *build, int option, const char *value);
/* Takes [DIR] at argv[optind]. Returns 0, or 2 after a report. */
int project_directory(struct build_options *build, const char *command, int argc, char **argv,
                      const struct command_options *options);
void project_options_free(struct build_options *build);

#endif
