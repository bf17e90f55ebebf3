/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/project_options.h"
#include "cmd/sign_options.h"

#include <string.h>
#include <unistd.h>

void project_options_begin(struct build_options *build, const struct command_options *options)
{
    *build = (struct build_options){.directory = "."};
    sign_options_begin(&build->pipeline, options);
    build->pipeline.debug = true;
}

bool project_option(struct build_options *build, int option, const char *value)
{
    switch (option) {
    case 'p':
    case OPTION_PACKAGE:
        build->package = value;
        return true;
    case OPTION_PROGRAM:
        build->program = value;
        return true;
    case OPTION_FEATURES:
        /* Separated by commas or spaces, as Cargo takes them. */
        for (const char *at = value; *at;) {
            size_t length = strcspn(at, ", ");
            if (length)
                strings_take(&build->features.features, must_copy_length(at, length));
            at += length + (at[length] != '\0');
        }
        return true;
    case OPTION_NO_DEFAULT:
        build->features.no_default = true;
        return true;
    default:
        return false;
    }
}

int project_directory(struct build_options *build, const char *command, int argc, char **argv,
                      const struct command_options *options)
{
    if (argc - optind > 1)
        return command_usage_error(
            options, command, "only one directory can be named, not '%s' too", argv[optind + 1]);
    if (argc - optind == 1)
        build->directory = argv[optind];
    return 0;
}

void project_options_free(struct build_options *build)
{
    strings_free(&build->features.features);
}
