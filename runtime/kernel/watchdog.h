/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends runs that have used up their time. */
#ifndef REX_KERNEL_WATCHDOG_H
#define REX_KERNEL_WATCHDOG_H

#include <linux/types.h>

struct rex_cpu_state;
struct rex_program;

int rex_watchdog_init(void);
void rex_watchdog_exit(void);
/* Counted: the timers run while there is anything to watch. May sleep. */
void rex_watchdog_get(void);
void rex_watchdog_put(void);
/* On the CPU itself, which has come. */
void rex_watchdog_online(void);
/*
 * Around a run with interrupts off, which they are here. Returns when it begins; 0: there is no place, it must not.
 * outer is of the run that this one is within, and to be given back.
 */
u64 rex_watchdog_enter_masked(const struct rex_program *program, u64 *outer);
void rex_watchdog_leave_masked(u64 outer);
/* What the run does from now on has a limit of its own. */
void rex_watchdog_renew(struct rex_cpu_state *state);

#endif
