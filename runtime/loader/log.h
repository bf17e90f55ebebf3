/* SPDX-License-Identifier: Apache-2.0 */
/* What librex logs, as this tool's diagnostics. */
#ifndef REXC_LOADER_LOG_H
#define REXC_LOADER_LOG_H

#include "runtime/librex/librex.h"

#include <stddef.h>

struct diag;

/* The first error that was logged; later ones are consequences. */
struct log {
    char text[1024];
    size_t length;
};

/* A rex_log_fn whose data is a struct log. */
void log_take(void *data, enum rex_log_level level, const char *message);

/* Reports what was logged with the code that fits the error number. what: for an error that nobody
 * explained. Returns -1. */
int log_report(struct diag *diag, const struct log *log, int error, const char *what);

#endif
