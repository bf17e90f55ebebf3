/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's signal handlers while programs run. The watchdog's tick stops a run that has used
 * its time by rewriting the saved instruction pointer; a hardware fault in program text ends the
 * run; a fault anywhere else is the tool's own and ends the process with a message.
 */
#ifndef REXC_RUNTIME_USER_SIGNALS_H
#define REXC_RUNTIME_USER_SIGNALS_H

#include <signal.h>

struct diag;

#define SIGNALS_TICK SIGVTALRM
#define SIGNALS_COUNT 6

struct signals {
    struct sigaction old[SIGNALS_COUNT]; /* what was installed before */
    unsigned installed;
};

/* Installs the handlers, which look at cpu_current(): every thread that may get these signals must
 * be a CPU, or have GS base 0 and no timer. Returns 0; -1 with a diagnostic. */
int signals_install(struct diag *diag, struct signals *signals);
void signals_restore(struct signals *signals);

#endif
