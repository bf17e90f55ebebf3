/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes wrong, for a library: the object reader's reports (base/diag.h) and librex's own go to
 * the caller's log function, and nothing ends the process.
 */
#ifndef REXC_LIBREX_REPORT_H
#define REXC_LIBREX_REPORT_H

#include "base/diag.h"
#include "runtime/librex/librex.h"

struct diag {
    rex_log_fn log; /* NULL: errors go to stderr */
    void *log_data;
};

/* Logs a line and returns -error, with errno set. */
int report_error(struct diag *diag, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void report_debug(struct diag *diag, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
