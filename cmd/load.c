/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/load.h"
#include "base/diag.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "runtime/abi/rex_ioctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* "PROGRAM=TARGET" or "PROGRAM"; the program's name becomes a string of its own. */
static void add_attach(struct load_request *request, struct load_attach **attach, char *text)
{
    char *equals = strchr(text, '=');
    if (equals)
        *equals = '\0';
    *attach = must_grow(*attach, request->attach_count + 1, sizeof(**attach));
    (*attach)[request->attach_count++] =
        (struct load_attach){.program = text, .target = equals ? equals + 1 : NULL};
    request->attach = *attach;
}

static bool parse_timeout(const char *text, uint32_t *milliseconds)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || errno || value == 0 || value > REX_TIMEOUT_MAX_MS)
        return false;
    *milliseconds = (uint32_t)value;
    return true;
}

static int load(const struct command_options *options, const struct load_request *request)
{
    struct load_result result;

    if (load_object(options->diag, request, &result) < 0)
        return diag_exit_status(options->diag);
    if (!options->quiet)
        printf("%s: loaded as object %u, %zu program%s and %zu map%s pinned in %s\n", result.name,
               result.id, result.programs, result.programs == 1 ? "" : "s", result.maps,
               result.maps == 1 ? "" : "s", result.directory);
    load_result_free(&result);
    return 0;
}

int command_load(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {
        {"pin", required_argument, NULL, 'p'},
        {"attach", required_argument, NULL, 'a'},
        {"timeout", required_argument, NULL, 't'},
        {"detach-on-panic", no_argument, NULL, 'd'},
        {NULL, 0, NULL, 0},
    };
    struct load_request request = {0};
    struct load_attach *attach = NULL;
    int status = 0;

    for (int c; status == 0 && (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        switch (c) {
        case 'p':
            request.directory = optarg;
            if (optarg[0] != '/')
                status = command_usage_error(options, "load",
                                             "--pin takes an absolute path, not '%s'", optarg);
            break;
        case 'a':
            add_attach(&request, &attach, optarg);
            break;
        case 't':
            if (!parse_timeout(optarg, &request.timeout_ms))
                status = command_usage_error(options, "load",
                                             "--timeout takes milliseconds from 1 to %d, not '%s'",
                                             REX_TIMEOUT_MAX_MS, optarg);
            break;
        case 'd':
            request.flags |= REX_LOAD_DETACH_ON_PANIC;
            break;
        default:
            status = command_bad_option(options, "load", argv, known);
        }
    }
    if (status == 0 && optind + 1 != argc)
        status = command_usage_error(options, "load", "load takes one object file");
    if (status == 0) {
        request.path = argv[optind];
        status = load(options, &request);
    }
    free(attach);
    return status;
}
