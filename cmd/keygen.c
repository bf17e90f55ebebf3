/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "cmd/command.h"
#include "linker/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest common name of a certificate (X.520, ub-common-name). */
#define NAME_MAX_BYTES 64

int command_keygen(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{NULL, 0, NULL, 0}};

    if (getopt_long(argc, argv, ":", known, NULL) != -1)
        return command_bad_option(options, "keygen", argv, known);
    if (argc - optind != 1)
        return command_usage_error(options, "keygen", "keygen takes one name");
    const char *name = argv[optind];
    const char *common_name = path_basename(name);
    if (common_name[0] == '\0' || common_name[0] == '.' || strlen(common_name) > NAME_MAX_BYTES)
        return command_usage_error(
            options, "keygen", "'%s' is no name for a key: 1 to %d bytes, not starting with a dot",
            name, NAME_MAX_BYTES);
    char *key_path = must_format("%s.key", name);
    char *certificate_path = must_format("%s.crt", name);
    int result = signing_key_generate(options->diag, common_name, key_path, certificate_path);
    if (result == 0)
        printf("%s  private key: keep it secret\n%s  certificate: give it to those who verify\n",
               key_path, certificate_path);
    free(key_path);
    free(certificate_path);
    return result ? diag_exit_status(options->diag) : 0;
}
