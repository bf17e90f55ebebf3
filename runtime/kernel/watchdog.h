/* SPDX-License-Identifier: GPL-2.0-only */
/* Ends runs that have used up their time. */
#ifndef REX_KERNEL_WATCHDOG_H
#define REX_KERNEL_WATCHDOG_H

int rex_watchdog_init(void);
void rex_watchdog_exit(void);
/* Counted: the timers run while there is anything to watch. May sleep. */
void rex_watchdog_get(void);
void rex_watchdog_put(void);
/* On the CPU itself, which comes or goes. */
void rex_watchdog_online(void);
void rex_watchdog_offline(void);

#endif
