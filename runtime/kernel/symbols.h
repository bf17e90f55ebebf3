/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel functions that are not exported. Each has a stub in the module's own text that jumps to it
 * (symbol_stubs.S), written when the module is loaded. A direct jump rather than a function pointer:
 * where indirect-branch tracking is on, the kernel removes the landing marks of functions whose address
 * it never takes (arch/x86/kernel/alternative.c, apply_seal_endbr), and an indirect call would fault.
 */
#ifndef REX_KERNEL_SYMBOLS_H
#define REX_KERNEL_SYMBOLS_H

#define REX_SYMBOL_STUB_SIZE 16

#ifndef __ASSEMBLY__
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/cred.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#define REX_SYMBOL(name, type, ...) type rex_kernel_##name(__VA_ARGS__);
#include "runtime/kernel/symbols.def"
#undef REX_SYMBOL

/* Finds every symbol and writes the stubs. Returns 0, or an error after saying in the log what is
 * missing.
 */
int rex_symbols_init(void);

/* The address of a kernel symbol, 0 when there is none. */
unsigned long rex_symbol(const char *name);
#endif

#endif
