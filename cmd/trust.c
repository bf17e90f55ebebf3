/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/command.h"
#include "linker/keys.h"
#include "runtime/librex/librex.h"
#include "runtime/loader/state.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int trust(const struct command_options *options, int device, const char *path)
{
    struct certificate *certificate;
    uint8_t *der = NULL;
    size_t size;

    if (certificate_load(options->diag, path, &certificate) < 0)
        return -1;
    int result = certificate_der(options->diag, certificate, &der, &size);
    certificate_free(certificate);
    if (result < 0)
        return -1;
    result = rex_device__trust(device, der, size);
    free(der);
    if (result < 0)
        return diag_error(options->diag, DIAG_LOAD_CERTIFICATE,
                          "`rexc explain REX1008` says which certificates are taken",
                          "the kernel does not take %s: %s", path, strerror(-result));
    return 0;
}

int command_trust(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{"seal", no_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    bool seal = false;

    for (int c; (c = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (c != 's')
            return command_bad_option(options, "trust", argv, known);
        seal = true;
    }
    if (optind == argc && !seal)
        return command_usage_error(options, "trust", "trust takes certificates, or --seal");
    int device = state_open_device(options->diag);
    if (device < 0)
        return diag_exit_status(options->diag);
    int result = 0;
    for (int i = optind; i < argc && result == 0; i++)
        result = trust(options, device, argv[i]);
    if (result == 0 && seal) {
        result = rex_device__seal(device);
        if (result < 0)
            diag_error(options->diag, DIAG_LOAD_CERTIFICATE, NULL, "the keyring is not sealed: %s",
                       strerror(-result));
    }
    close(device);
    return diag_exit_status(options->diag);
}
