/* SPDX-License-Identifier: Apache-2.0 */
/* What a subcommand says as JSON. */
#ifndef REXC_CMD_PRINT_JSON_H
#define REXC_CMD_PRINT_JSON_H

#include <jansson.h>
#include <stddef.h>

struct diag;

/* Prints a value and a newline on stdout, and releases it; NULL: there was no memory to make it.
 * format: Jansson's JSON_* flags. Returns 0, or -1 after reporting that there is no memory; that
 * stdout cannot be written is main's to report. */
int print_json(struct diag *diag, json_t *value, size_t format);

#endif
