/* SPDX-License-Identifier: Apache-2.0 */
/* rustc's messages (--error-format=json, one object a line) as ours. */
#ifndef REXC_LINT_MESSAGES_H
#define REXC_LINT_MESSAGES_H

#include "base/buffer.h"

#include <stdbool.h>

struct diag;

struct messages_result {
    unsigned refused;   /* reports of the policy */
    unsigned errors;    /* errors of the compiler's own, forwarded */
    unsigned machine;   /* those of them that are not the source's fault: a full disk */
    struct buffer rest; /* lines that are no messages; to be freed */
};

/* Shows each message of text: policy matters with the policy's code, others as rustc rendered them,
 * warnings if asked for. Messages about the file named configuration are not shown. */
struct messages_result messages_show(struct diag *diag, const char *text, size_t size,
                                     const char *configuration, bool warnings);

/* Reports what messages_result.machine counts. Returns -1. */
int messages_blame_machine(struct diag *diag, const char *crate);

/* Are all errors in text lints of clippy that are not the policy's? A `#![deny(warnings)]` for
 * rustc's warnings makes errors of clippy's advice. False when there is no error at all. */
bool messages_only_advise(const char *text, size_t size);

#endif
