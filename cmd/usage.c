/* SPDX-License-Identifier: Apache-2.0 */
/* Wrong usage: what was wrong, and the word that was probably meant. */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Damerau-Levenshtein distance with adjacent transpositions; words are short. */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 40 };
    unsigned row[3][LONGEST + 1];
    size_t n = strlen(a), m = strlen(b);
    if (n > LONGEST || m > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *current = row[i % 3], *above = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        current[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = above[j - 1] + (a[i - 1] != b[j - 1]);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (current[j - 1] + 1 < best)
                best = current[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            current[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *command_nearest(const char *word, const char *const *candidates)
{
    const char *nearest = NULL;
    unsigned best = (unsigned)strlen(word) / 3 + 1;
    for (size_t i = 0; candidates[i]; i++) {
        unsigned distance = edit_distance(word, candidates[i]);
        if (distance <= best && distance < strlen(candidates[i])) {
            if (!nearest || distance < best)
                nearest = candidates[i];
            best = distance;
        }
    }
    return nearest;
}

int command_usage_error(const struct command_options *options, const char *command,
                        const char *format, ...)
{
    struct buffer text = {0};
    va_list arguments;
    va_start(arguments, format);
    buffer_vformat(&text, format, arguments);
    va_end(arguments);
    char *help = must_format("`rexc help %s` shows its usage", command);
    diag_error(options->diag, DIAG_USAGE, help, "%s", text.data ? text.data : "wrong usage");
    free(help);
    buffer_free(&text);
    return 2;
}

int command_check_output(const struct command_options *options, const char *command,
                         const char *output, const char *const *inputs)
{
    size_t length = strlen(output);
    if (length > 3 && strcmp(output + length - 3, ".rs") == 0)
        return command_usage_error(options, command, "'%s' is Rust source and would be overwritten",
                                   output);
    for (size_t i = 0; inputs[i]; i++)
        if (file_is_same(output, inputs[i]))
            return command_usage_error(
                options, command, "'%s' is read by this command and would be overwritten", output);
    return 0;
}

/* The names that main takes wherever they stand. */
static const char *const everywhere[] = {"verbose", "quiet", "version",       "help",
                                         "offline", "color", "message-format"};

int command_unknown_option(const struct command_options *options, const char *command,
                           const char *word, const char *const *known)
{
    const char *names[64];
    size_t count = 0;
    for (size_t i = 0; known[i] && count < 48; i++)
        names[count++] = known[i];
    for (size_t i = 0; i < sizeof(everywhere) / sizeof(everywhere[0]); i++)
        names[count++] = everywhere[i];
    names[count] = NULL;

    const char *start = word + strspn(word, "-");
    char *name = must_copy_length(start, strcspn(start, "="));
    const char *near = strlen(name) > 1 ? command_nearest(name, names) : NULL;
    char *help = near ? must_format("did you mean --%s?", near)
                      : must_format("`rexc help %s` shows its usage", command);
    diag_error(options->diag, DIAG_USAGE, help, "unknown option '%s'", word);
    free(help);
    free(name);
    return 2;
}

int command_bad_option(const struct command_options *options, const char *command, char **argv,
                       const struct option *known)
{
    /* For a refused long option getopt has moved past it; for a short one optopt says which. */
    const char *word = optind > 0 && argv[optind - 1] ? argv[optind - 1] : "";
    if (optopt && strncmp(word, "--", 2) != 0) {
        for (const struct option *option = known; option->name; option++)
            if (option->val == optopt)
                return command_usage_error(options, command, "-%c needs a value", optopt);
        return command_usage_error(options, command, "unknown option '-%c'", optopt);
    }
    const char *start = word + strspn(word, "-");
    size_t length = strcspn(start, "=");
    const char *names[64];
    size_t count = 0;
    for (const struct option *option = known; option->name && count < 63; option++) {
        if (strlen(option->name) == length && strncmp(option->name, start, length) == 0)
            return command_usage_error(options, command, "--%s %s", option->name,
                                       option->has_arg == no_argument ? "takes no value"
                                                                      : "needs a value");
        names[count++] = option->name;
    }
    names[count] = NULL;
    return command_unknown_option(options, command, word, names);
}
