/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/sign_options.h"
#include "runtime/abi/rex_abi.h"

#include <ctype.h>
#include <stdlib.h>
#include <unistd.h>

void sign_options_begin(struct pipeline_options *pipeline, const struct command_options *options)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *pipeline = (struct pipeline_options){
        .verbose = options->verbose,
        .dry_run = options->dry_run,
        .quiet = options->quiet,
        .jobs = options->jobs    ? options->jobs
                : processors > 0 ? (unsigned)processors
                                 : 1,
        .optimisation = "2",
    };
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

int sign_choose(struct pipeline_options *pipeline, const struct sign_options *sign,
                const char *command, const struct command_options *options)
{
    if (sign->none && (sign->key || sign->certificate))
        return command_usage_error(options, command, "--no-sign and a key contradict each other");
    pipeline->signing = SIGN_NOT;
    if (sign->none)
        return 0;
    pipeline->sign_key = sign->key;
    pipeline->sign_certificate = sign->certificate;
    if (!sign->key && !sign->certificate) {
        pipeline->sign_key = environment("REXC_SIGN_KEY");
        pipeline->sign_certificate = environment("REXC_SIGN_CERT");
    }
    /* A key without a certificate is a mistake, and no reason to sign with another one. */
    if (!pipeline->sign_key != !pipeline->sign_certificate)
        return command_usage_error(
            options, command, "a key and its certificate come together: %s is missing",
            pipeline->sign_key ? "--sign-cert (REXC_SIGN_CERT)" : "--sign-key (REXC_SIGN_KEY)");
    pipeline->signing = pipeline->sign_key ? SIGN_GIVEN : SIGN_DEVELOPMENT;
    return 0;
}

int sign_read_limit(struct pipeline_options *pipeline, const char *text, const char *command,
                    const struct command_options *options)
{
    char *end;
    unsigned long limit = strtoul(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || *end || limit == 0 || limit > REX_STACK_PROGRAM)
        return command_usage_error(options, command,
                                   "--stack-limit takes bytes, from 1 to %u, not '%s'",
                                   REX_STACK_PROGRAM, text);
    pipeline->stack_limit = (uint32_t)limit;
    return 0;
}
