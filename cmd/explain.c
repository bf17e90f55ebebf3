/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/command.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void print_line(unsigned number, const char *title, void *data)
{
    (void)data;
    printf("REX%04u  %s\n", number, title);
}

int command_explain(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"list", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (c != 'l')
            return command_bad_option(options, "explain", argv, known);
        diag_each_code(print_line, NULL);
        return 0;
    }
    if (optind + 1 != argc)
        return command_usage_error(options, "explain", "explain takes one code, as REX0301");
    const char *word = argv[optind];
    const char *digits = strncasecmp(word, "REX", 3) == 0 ? word + 3 : word;
    char *end;
    unsigned long number = strtoul(digits, &end, 10);
    const char *title =
        *digits && !*end && number < 10000 ? diag_code_title((unsigned)number) : NULL;
    if (!title) {
        diag_error(options->diag, DIAG_USAGE, "`rexc explain --list` lists every code",
                   "there is no code '%s'", word);
        return 2;
    }
    printf("REX%04lu: %s\n\n%s\n", number, title, diag_code_explanation((unsigned)number));
    return 0;
}
