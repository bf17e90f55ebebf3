/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes: those on the policy's list, through cfg_attr and in macro bodies, and no others. */
#ifndef REXC_LINT_ATTRIBUTES_H
#define REXC_LINT_ATTRIBUTES_H

#include "lint/source.h"

/* Checks what begins with the # at index. Returns how many reports it made. */
unsigned attributes_check(struct diag *diag, const struct source *source, size_t index);

#endif
