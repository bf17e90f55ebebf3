/* SPDX-License-Identifier: Apache-2.0 */
/* `rexc stack`: the stack bounds of an object, and what changed between two. */
#include "cmd/command.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "linker/code.h"
#include "linker/object.h"
#include "linker/stack.h"
#include "linker/stack_diff.h"
#include "linker/stack_report.h"
#include "linker/stack_svg.h"

#include <stdio.h>
#include <string.h>

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_SVG };

struct analysed {
    struct object *object;
    struct code *code;
    struct stack_result *result;
};

static int analyse(struct diag *diag, const char *path, struct analysed *analysed)
{
    struct stack_options options = {.round = STACK_FINAL, .cross_check = true};

    return object_read_file(diag, path, &analysed->object) ||
                   code_read(diag, analysed->object, NULL, &analysed->code) ||
                   stack_analyse(diag, analysed->object, analysed->code, &options,
                                 &analysed->result)
               ? -1
               : 0;
}

static void release(struct analysed *analysed)
{
    stack_result_free(analysed->result);
    code_free(analysed->code);
    object_free(analysed->object);
}

static int write_out(struct diag *diag, const char *path, const struct buffer *text)
{
    if (path)
        return file_write_atomic(diag, path, text->data, text->length, 0644);
    /* main says when this fails, once. */
    fwrite(text->data, 1, text->length, stdout);
    return 0;
}

static int report(struct diag *diag, char **files, bool diff, enum format format,
                  const char *output)
{
    struct analysed first = {0}, second = {0};
    struct buffer text = {0};
    int failed = analyse(diag, files[0], &first) || (diff && analyse(diag, files[1], &second));

    if (!failed && diff && format == FORMAT_JSON)
        failed = stack_diff_json(diag, first.result, second.result, &text);
    else if (!failed && diff)
        failed = stack_diff_text(diag, first.result, second.result, &text);
    else if (!failed && format == FORMAT_SVG)
        failed = stack_report_svg(diag, first.result, &text);
    else if (!failed && format == FORMAT_JSON)
        failed = stack_report_json(diag, first.result, &text);
    else if (!failed)
        failed = stack_report_text(diag, first.result, &text);
    if (!failed)
        failed = write_out(diag, output, &text);
    buffer_free(&text);
    release(&first);
    release(&second);
    return failed ? diag_exit_status(diag) : 0;
}

int command_stack(int argc, char **argv, const struct command_options *options)
{
    enum { OPTION_FORMAT = 256, OPTION_DIFF };
    static const struct option known[] = {
        {"format", required_argument, NULL, OPTION_FORMAT},
        {"diff", no_argument, NULL, OPTION_DIFF},
        {"output", required_argument, NULL, 'o'},
        {NULL, 0, NULL, 0},
    };
    const char *output = NULL;
    enum format format = FORMAT_TEXT;
    bool diff = false;
    int option;

    optind = 0;
    while ((option = getopt_long(argc, argv, ":o:", known, NULL)) != -1) {
        switch (option) {
        case 'o':
            output = optarg;
            break;
        case OPTION_FORMAT:
            if (strcmp(optarg, "text") == 0)
                format = FORMAT_TEXT;
            else if (strcmp(optarg, "json") == 0)
                format = FORMAT_JSON;
            else if (strcmp(optarg, "svg") == 0)
                format = FORMAT_SVG;
            else
                return command_usage_error(
                    options, "stack", "unknown format '%s'; there are text, json and svg", optarg);
            break;
        case OPTION_DIFF:
            diff = true;
            break;
        default:
            return command_bad_option(options, "stack", argv, known);
        }
    }
    if (argc - optind != (diff ? 2 : 1))
        return command_usage_error(options, "stack",
                                   diff ? "--diff takes two objects, the old and the new one"
                                        : "one object is needed");
    if (diff && format == FORMAT_SVG)
        return command_usage_error(options, "stack", "--diff writes text or JSON");
    if (output &&
        command_check_output(options, "stack", output, (const char *const *)argv + optind))
        return 2;
    return report(options->diag, argv + optind, diff, format, output);
}
