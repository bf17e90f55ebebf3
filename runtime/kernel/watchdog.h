/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends runs that have used up their time. */
#ifndef REX_KERNEL_WATCHDOG_H
#define REX_KERNEL_WATCHDOG_H

#include <linux/types.h>

int rex_watchdog_init(void);
void rex_watchdog_exit(void);
/* Counted: the timers run while there is anything to watch. May sleep. */
void rex_watchdog_get(void);
void rex_watchdog_put(void);
/* On the CPU itself, which comes or goes. */
void rex_watchdog_online(void);
void rex_watchdog_offline(void);
/* Around a run with interrupts off, which they are here. False: there is no place, the run must not begin. */
bool rex_watchdog_enter_masked(void);
void rex_watchdog_leave_masked(void);

#endif
