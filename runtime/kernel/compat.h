/* SPDX-License-Identifier: GPL-2.0-only */
/* How the supported kernels differ, as far as preprocessed code needs to know. */
#ifndef REX_KERNEL_COMPAT_H
#define REX_KERNEL_COMPAT_H

#include <linux/version.h>

/* Executable memory is execmem_alloc()'s since 6.10, module_alloc()'s before. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define REX_HAVE_EXECMEM 1
#endif

/* The preemption counter is part of struct pcpu_hot since 6.2 (state.c asserts the offset). */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 2, 0)
#define REX_PREEMPT_COUNT pcpu_hot + 8
#else
#define REX_PREEMPT_COUNT __preempt_count
#endif

#endif
