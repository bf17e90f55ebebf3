/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures on demand: while armed, the nth allocation or system call of this process fails. Every
 * allocation counts, those of shared libraries too; under AddressSanitizer, which has its own
 * malloc, those of the code linked into the test. System calls count when they come from the code
 * linked in.
 */
#ifndef REXC_TEST_FAULT_H
#define REXC_TEST_FAULT_H

#include <stdbool.h>

/* The nth counted call from now on fails, from 0: allocations with NULL, system calls with EIO. */
void fault_arm(unsigned long n);
/* Ends it; true when the failure has happened. */
bool fault_disarm(void);

#endif
