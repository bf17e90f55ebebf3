/* SPDX-License-Identifier: Apache-2.0 */
/* What `rexc build` and `rexc FILE.rs -o OUT` have in common: pipeline options and the choice of a
 * key. */
#ifndef REXC_CMD_SIGN_OPTIONS_H
#define REXC_CMD_SIGN_OPTIONS_H

#include "cmd/command.h"
#include "driver/pipeline.h"

struct sign_options {
    const char *key;         /* --sign-key */
    const char *certificate; /* --sign-cert */
    bool none;               /* --no-sign */
};

/* The options that mean the same everywhere; all else at its default. */
void sign_options_begin(struct pipeline_options *pipeline, const struct command_options *options);
/* Options first, then REXC_SIGN_KEY and REXC_SIGN_CERT, then the development key. Returns 0, or 2
 * after a report. */
int sign_choose(struct pipeline_options *pipeline, const struct sign_options *sign,
                const char *command, const struct command_options *options);
/* --stack-limit. Returns 0, or 2 after a report. */
int sign_read_limit(struct pipeline_options *pipeline, const char *text, const char *command,
                    const struct command_options *options);

#endif
