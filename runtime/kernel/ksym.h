/* SPDX-License-Identifier: GPL-2.0-only */
/* The functions of an object in /proc/kallsyms and in every trace that the kernel prints. */
#ifndef REX_KERNEL_KSYM_H
#define REX_KERNEL_KSYM_H

#include "runtime/kernel/elf.h"
#include "runtime/kernel/image.h"

struct rex_ksyms;

/* Names the functions rex_prog_TAG::NAME. The tag tells objects apart. */
int rex_ksyms_add(struct rex_ksyms **ksyms, const struct rex_elf *elf, const struct rex_image *image,
		  u64 tag, struct rex_message *message);
/* Takes the names away and frees them. NULL: there are none. */
void rex_ksyms_remove(struct rex_ksyms *ksyms);

/*
 * demangle.c: a name that Rust's compiler has mangled (RFC 2603, "v0"), as one reads it; any other name as it is.
 * At most size - 1 characters and NUL.
 */
void rex_demangle(const char *symbol, char *name, size_t size);

#endif
