/* SPDX-License-Identifier: Apache-2.0 */
/* A directory for one run, in TMPDIR or /tmp. What runs that were killed left there is removed. */
#ifndef REXC_DRIVER_SCRATCH_H
#define REXC_DRIVER_SCRATCH_H

struct diag;

struct scratch {
    char *directory; /* NULL: there is none */
    int lock;        /* held as long as the run lasts */
};

int scratch_make(struct diag *diag, struct scratch *scratch);
/* Also of one that is all zeros. Returns -1 after a report. */
int scratch_remove(struct diag *diag, struct scratch *scratch);

#endif
