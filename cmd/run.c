/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"
#include "driver/toolchain.h"
#include "linker/imports.h"
#include "runtime/user/pcap_part.h"
#include "runtime/user/session.h"
#include "runtime/user/summary.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define OBJECT_MAX (64u << 20) /* bytes of an object file, debug sections included */

struct arguments {
    const char *object, *capture, *output, *context;
    const char *programs[SELECTION_MAX];
    size_t program_count;
    uint64_t repeat, timeout, cpus;
    bool map_dump, json;
};

static int parse_number(const struct command_options *options, const char *option, const char *text,
                        uint64_t low, uint64_t high, uint64_t *number)
{
    char *end = NULL;

    errno = 0;
    *number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || *number < low ||
        *number > high)
        return command_usage_error(options, "run",
                                   "%s takes a number from %llu to %llu, not \"%s\"", option,
                                   (unsigned long long)low, (unsigned long long)high, text);
    return 0;
}

/* A file that is given a second time would be left out without a word. */
static int set_file(const struct command_options *options, const char *option, const char **file)
{
    if (*file)
        return command_usage_error(options, "run", "%s is given more than once", option);
    *file = optarg;
    return 0;
}

/* Returns 0, or the exit status of a usage error. */
static int parse(int argc, char **argv, const struct command_options *options,
                 struct arguments *arguments)
{
    static const struct option known[] = {
        {"prog", required_argument, NULL, 'p'},   {"pcap", required_argument, NULL, 'i'},
        {"write", required_argument, NULL, 'w'},  {"ctx", required_argument, NULL, 'c'},
        {"repeat", required_argument, NULL, 'r'}, {"timeout", required_argument, NULL, 't'},
        {"cpus", required_argument, NULL, 'n'},   {"map-dump", no_argument, NULL, 'm'},
        {"json", no_argument, NULL, 'j'},         {NULL, 0, NULL, 0},
    };
    int status = 0, option;

    *arguments = (struct arguments){.repeat = 1, .timeout = REX_TIMEOUT_DEFAULT_MS, .cpus = 1};
    while (status == 0 && (option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        switch (option) {
        case 'p':
            if (arguments->program_count == SELECTION_MAX)
                status = command_usage_error(options, "run", "--prog is given more than %d times",
                                             SELECTION_MAX);
            else
                arguments->programs[arguments->program_count++] = optarg;
            break;
        case 'i':
            status = set_file(options, "--pcap", &arguments->capture);
            break;
        case 'w':
            status = set_file(options, "--write", &arguments->output);
            break;
        case 'c':
            status = set_file(options, "--ctx", &arguments->context);
            break;
        case 'r':
            status = parse_number(options, "--repeat", optarg, 1, UINT32_MAX, &arguments->repeat);
            break;
        case 't':
            status = parse_number(options, "--timeout", optarg, 1, RUNTIME_TIMEOUT_MAX_MS,
                                  &arguments->timeout);
            break;
        case 'n':
            status = parse_number(options, "--cpus", optarg, 1, RUNTIME_CPUS_MAX, &arguments->cpus);
            break;
        case 'm':
            arguments->map_dump = true;
            break;
        case 'j':
            arguments->json = true;
            break;
        default:
            status = command_bad_option(options, "run", argv, known);
            break;
        }
    }
    if (status != 0)
        return status;
    if (optind + 1 != argc)
        return command_usage_error(options, "run", "%s",
                                   optind == argc ? "which object?" : "one object at a time");
    arguments->object = argv[optind];
    if (arguments->output) {
        const char *const inputs[] = {arguments->object, arguments->capture, NULL};
        return command_check_output(options, "run", arguments->output, inputs);
    }
    return 0;
}

/* Whether the input that was given is of the programs' kind. */
static int check_input(struct diag *diag, const struct arguments *arguments,
                       const struct session *session)
{
    const struct program *program = session->selection.programs[0];
    const char *type = program_type_name(program->type);

    for (size_t i = 1; i < session->selection.count; i++) {
        const struct program *other = session->selection.programs[i];
        if (program_takes_packets(other) != program_takes_packets(program))
            return diag_error(diag, DIAG_RUN_INPUT, "run one after the other",
                              "program %s runs over packets and program %s for events",
                              program_takes_packets(program) ? program->name : other->name,
                              program_takes_packets(program) ? other->name : program->name);
    }
    if (program_takes_packets(program)) {
        if (arguments->context)
            return diag_error(diag, DIAG_RUN_INPUT, "give --pcap",
                              "--ctx is not for %s programs, which run over packets", type);
        if (!arguments->capture)
            return diag_error(diag, DIAG_RUN_INPUT,
                              "give --pcap CAPTURE, for example one that tcpdump -w wrote",
                              "an %s program runs over packets, and there are none", type);
        if (arguments->output && session->selection.count > 1)
            return diag_error(diag, DIAG_RUN_INPUT, "give --prog once",
                              "--write is for the packets of one program, not of %zu",
                              session->selection.count);
    } else if (arguments->capture || arguments->output) {
        return diag_error(diag, DIAG_RUN_INPUT, "give --ctx, or nothing for one event of zeroes",
                          "%s is not for %s programs, which run for events",
                          arguments->capture ? "--pcap" : "--write", type);
    }
    return 0;
}

/* Reads the input and opens the output; no other input needs libpcap. */
static int open_captures(struct diag *diag, const struct arguments *arguments,
                         struct capture *input, struct capture_writer **output)
{
    char *path = installation_find_pcap(diag);
    const struct pcap_functions *libpcap = path ? pcap_part_load(diag, path) : NULL;

    free(path);
    if (!libpcap || capture_read(diag, libpcap, arguments->capture, input) != 0)
        return -1;
    if (!arguments->output)
        return 0;
    *output = capture_writer_open(diag, libpcap, arguments->output, input);
    return *output ? 0 : -1;
}

static int run(struct diag *diag, const struct arguments *arguments, struct runtime *runtime)
{
    struct capture capture = {0};
    struct session session = {.runtime = runtime, .repeat = arguments->repeat};
    int result = -1;

    /* The events may say which programs are meant. */
    if (arguments->context && arguments->program_count == 0 && runtime->program_count > 1 &&
        context_read(diag, arguments->context, &session.context) != 0)
        return -1;
    if (selection_make(runtime, arguments->programs, arguments->program_count, session.context,
                       &session.selection) != 0 ||
        check_input(diag, arguments, &session) != 0)
        goto out;
    if (program_takes_packets(session.selection.programs[0])) {
        if (open_captures(diag, arguments, &capture, &session.writer) != 0)
            goto out;
        session.capture = &capture;
    } else if (!session.context && arguments->context) {
        if (context_read(diag, arguments->context, &session.context) != 0)
            goto out;
    } else if (!session.context) {
        session.context = context_default(diag);
        if (!session.context)
            goto out;
    }
    if (session_run(&session) != 0)
        goto out;
    result = arguments->json ? summary_json(stdout, &session, arguments->map_dump)
                             : summary_text(stdout, &session, arguments->map_dump);
    if (session.writer && result == 0) {
        result = capture_writer_finish(diag, session.writer);
        session.writer = NULL;
    }
out:
    capture_writer_discard(session.writer);
    session_free(&session);
    context_free(session.context);
    capture_free(&capture);
    return result;
}

int command_run(int argc, char **argv, const struct command_options *options)
{
    struct arguments arguments;
    struct runtime *runtime = NULL;
    char *bytes = NULL;
    size_t size = 0;
    int status = parse(argc, argv, options, &arguments);

    if (status != 0)
        return status;
    const struct runtime_options runtime_options = {.name = arguments.object,
                                                    .timeout_ms = (unsigned)arguments.timeout,
                                                    .cpus = (unsigned)arguments.cpus};
    if (file_read(options->diag, arguments.object, OBJECT_MAX, &bytes, &size) != 0)
        return diag_exit_status(options->diag);
    if (runtime_open(options->diag, &runtime_options, (const uint8_t *)bytes, size, &runtime) == 0)
        run(options->diag, &arguments, runtime);
    runtime_close(runtime);
    free(bytes);
    return diag_exit_status(options->diag);
}
