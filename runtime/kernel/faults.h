/* SPDX-License-Identifier: GPL-2.0-only */
/* Hardware faults in program text, which only a hole in the promises of safe Rust could cause. */
#ifndef REX_KERNEL_FAULTS_H
#define REX_KERNEL_FAULTS_H

#include <linux/percpu.h>

/* The last fault of a CPU, from the notifier to rex_fault(). */
struct rex_fault_record {
	int trap;
	unsigned long address;
	unsigned long ip;
	unsigned long frame; /* rbp */
};

DECLARE_PER_CPU(struct rex_fault_record, rex_fault_record);

/* panic.c */
void __noreturn rex_fault(void);

int rex_faults_init(void);
void rex_faults_exit(void);

#endif
