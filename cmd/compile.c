/* SPDX-License-Identifier: Apache-2.0 */
/* rexc [-c] FILE.rs... -o OUT: options as compilers have them, so they are read by hand and not by
 * getopt. */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "cmd/sign_options.h"
#include "driver/direct.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND "compile"

struct parser {
    int argc;
    char **argv;
    int at;
    const struct command_options *options;
    struct direct_options *direct;
    struct sign_options sign;
    int status;
};

static bool ends_in(const char *word, const char *ending)
{
    size_t length = strlen(word), end = strlen(ending);
    return length > end && strcmp(word + length - end, ending) == 0;
}

/* The value of an option whose name is `name`: joined to it, after an equals sign, or the next
 * word. NULL when the word is another option; "" after a report. */
static const char *value_of(struct parser *parser, const char *name, bool joined)
{
    const char *word = parser->argv[parser->at];
    size_t length = strlen(name);
    if (!word || strncmp(word, name, length) != 0)
        return NULL;
    if (word[length] == '=' && name[1] == '-')
        return word + length + 1;
    if (word[length] != '\0')
        return joined ? word + length : NULL;
    if (parser->at + 1 < parser->argc)
        return parser->argv[++parser->at];
    parser->status = command_usage_error(parser->options, COMMAND, "%s needs a value", name);
    return "";
}

/* For suggestions. */
static const char *const long_options[] = {"extern",      "license",   "edition",
                                           "sign-key",    "sign-cert", "no-sign",
                                           "stack-limit", "strip",     NULL};

/* Options with a value. */
static bool take_value(struct parser *parser)
{
    struct direct_options *direct = parser->direct;
    const char *value;
    if ((value = value_of(parser, "-o", true)))
        direct->output = value;
    else if ((value = value_of(parser, "-MF", true)))
        direct->depfile = value;
    else if ((value = value_of(parser, "-L", true)))
        strings_add(&direct->search, value);
    else if ((value = value_of(parser, "--extern", false)))
        strings_add(&direct->externs, value);
    else if ((value = value_of(parser, "--license", false)))
        direct->license = value;
    else if ((value = value_of(parser, "--edition", false)))
        direct->edition = value;
    else if ((value = value_of(parser, "--sign-key", false)))
        parser->sign.key = value;
    else if ((value = value_of(parser, "--sign-cert", false)))
        parser->sign.certificate = value;
    else if ((value = value_of(parser, "--stack-limit", false)))
        parser->status = sign_read_limit(&direct->pipeline, value, COMMAND, parser->options);
    else
        return false;
    return true;
}

static bool take_flag(struct parser *parser)
{
    struct direct_options *direct = parser->direct;
    const char *word = parser->argv[parser->at];
    if (strcmp(word, "-c") == 0)
        direct->library_only = true;
    else if (strcmp(word, "-MD") == 0)
        direct->dependencies = true;
    else if (strcmp(word, "-g") == 0)
        direct->pipeline.debug = true;
    else if (strcmp(word, "-O") == 0)
        direct->pipeline.optimisation = "2";
    else if (strncmp(word, "-O", 2) == 0 && strchr("0123", word[2]) && word[2] && !word[3])
        direct->pipeline.optimisation = word + 2;
    else if (strcmp(word, "--no-sign") == 0)
        parser->sign.none = true;
    else if (strcmp(word, "--strip") == 0)
        direct->pipeline.strip = true;
    else
        return false;
    return true;
}

static int check_edition(const struct parser *parser)
{
    static const char *const editions[] = {"2015", "2018", "2021", "2024"};
    for (size_t i = 0; i < sizeof(editions) / sizeof(editions[0]); i++) {
        if (strcmp(parser->direct->edition, editions[i]) == 0)
            return 0;
    }
    return command_usage_error(parser->options, COMMAND, "there is no edition '%s'",
                               parser->direct->edition);
}

static int check(struct parser *parser)
{
    const struct direct_options *direct = parser->direct;
    const struct command_options *options = parser->options;
    if (direct->sources.count == 0)
        return command_usage_error(options, COMMAND, "no source file (FILE.rs) was named");
    if (!direct->library_only && !direct->output)
        return command_usage_error(options, COMMAND, "-o OUT is needed");
    if (direct->library_only && direct->output && direct->sources.count > 1)
        return command_usage_error(options, COMMAND, "-c -o makes one library of one source file");
    if (direct->library_only && direct->output &&
        (strncmp(path_basename(direct->output), "lib", 3) != 0 ||
         !ends_in(direct->output, ".rlib")))
        return command_usage_error(
            options, COMMAND,
            "a library is named libNAME.rlib (the compiler finds no other), not '%s'",
            direct->output);
    if (direct->library_only &&
        (direct->license || parser->sign.key || parser->sign.certificate || parser->sign.none ||
         direct->pipeline.stack_limit || direct->pipeline.strip))
        return command_usage_error(options, COMMAND,
                                   "license, key, stack limit and --strip are a program's: with -c "
                                   "they would say nothing");
    if (direct->depfile && !direct->dependencies)
        return command_usage_error(options, COMMAND, "-MF says where -MD writes; -MD is missing");
    if (direct->depfile && direct->library_only && direct->sources.count > 1)
        return command_usage_error(options, COMMAND,
                                   "-MF names one file; there are several sources");
    return check_edition(parser);
}

/* What is written must be nothing that is read: a Makefile with one wrong name would cost a source.
 */
static int check_outputs(const struct parser *parser)
{
    const struct direct_options *direct = parser->direct;
    struct strings inputs = {0};
    int status = 0;
    strings_add_all(&inputs, &direct->sources);
    for (size_t i = 0; i < direct->externs.count; i++) {
        const char *equals = strchr(direct->externs.items[i], '=');
        if (equals)
            strings_add(&inputs, equals + 1);
    }
    if (parser->sign.key)
        strings_add(&inputs, parser->sign.key);
    if (parser->sign.certificate)
        strings_add(&inputs, parser->sign.certificate);
    const char *const outputs[] = {direct->output, direct->depfile};
    for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]) && status == 0; i++) {
        if (outputs[i])
            status = command_check_output(parser->options, COMMAND, outputs[i],
                                          (const char *const *)inputs.items);
    }
    if (status == 0 && direct->output && direct->depfile &&
        strcmp(direct->output, direct->depfile) == 0)
        status = command_usage_error(parser->options, COMMAND, "-o and -MF name one file, '%s'",
                                     direct->output);
    strings_free(&inputs);
    return status;
}

static int take_file(struct parser *parser, const char *word)
{
    if (!ends_in(word, ".rs"))
        return command_usage_error(
            parser->options, COMMAND,
            ends_in(word, ".rlib") ? "libraries are named with --extern NAME=%s"
            : ends_in(word, ".o") || ends_in(word, ".a")
                ? "'%s': only Rust source is taken; foreign objects cannot be checked"
                : "'%s' is no Rust source file",
            word);
    /* rustc would take a name that begins with "-" for an option, too. */
    char *name = must_format("%s%s", word[0] == '-' ? "./" : "", word);
    strings_add(&parser->direct->sources, name);
    free(name);
    return 0;
}

static int parse(struct parser *parser)
{
    bool files_only = false; /* after "--" */
    for (parser->at = 1; parser->at < parser->argc && parser->status == 0; parser->at++) {
        const char *word = parser->argv[parser->at];
        if (word[0] != '-' || files_only)
            parser->status = take_file(parser, word);
        else if (strcmp(word, "--") == 0)
            files_only = true;
        else if (!take_value(parser) && !take_flag(parser))
            parser->status = command_unknown_option(parser->options, COMMAND, word, long_options);
    }
    if (parser->status == 0)
        parser->status = check(parser);
    if (parser->status == 0)
        parser->status = check_outputs(parser);
    if (parser->status == 0)
        parser->status =
            sign_choose(&parser->direct->pipeline, &parser->sign, COMMAND, parser->options);
    return parser->status;
}

int command_compile(int argc, char **argv, const struct command_options *options)
{
    struct direct_options direct = {.edition = "2024"};
    struct parser parser = {.argc = argc, .argv = argv, .options = options, .direct = &direct};
    sign_options_begin(&direct.pipeline, options);
    if (parse(&parser) == 0) {
        direct_compile(options->diag, &direct);
        parser.status = diag_exit_status(options->diag);
    }
    strings_free(&direct.sources);
    strings_free(&direct.search);
    strings_free(&direct.externs);
    return parser.status;
}
