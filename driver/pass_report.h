/* SPDX-License-Identifier: Apache-2.0 */
/* What the pass says it did to a module (llvm-pass/README.md, "Report"). */
#ifndef REXC_DRIVER_PASS_REPORT_H
#define REXC_DRIVER_PASS_REPORT_H

#include "base/memory.h"

#include <stdbool.h>

struct diag;

struct pass_report {
    struct strings entries; /* NAME SECTION */
    struct strings checks;  /* functions that carry a check now */
    struct strings missing; /* functions that were to carry one and are not in this module */
};

/* Reads the report that a successful compile left. Reports DIAG_PASS_DID_NOT_RUN when there is
 * none, and DIAG_PASS_REPORT when it is of another format. */
int pass_report_read(struct diag *diag, const char *path, struct pass_report *report);
/* The same from its text; false when it is malformed. */
bool pass_report_parse(const char *text, struct pass_report *report);
void pass_report_free(struct pass_report *report);

#endif
