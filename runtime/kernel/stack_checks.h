/* SPDX-License-Identifier: GPL-2.0-only */
/* The stack checks of functions that recurse, in the form that is the shortest here. */
#ifndef REX_KERNEL_STACK_CHECKS_H
#define REX_KERNEL_STACK_CHECKS_H

#include "runtime/kernel/elf.h"
#include "runtime/kernel/image.h"

/* Bytes for the parts of the checks that are not in their places, from image->checks. */
size_t rex_stack_checks_room(const struct rex_elf *elf);
/* cpu_slot: the address of rex_cpu's slot in the image. */
void rex_stack_checks_shorten(struct rex_image *image, const struct rex_elf *elf, u64 cpu_slot);

#endif
