/* SPDX-License-Identifier: GPL-2.0-only */
/* What this kernel returns with on this machine, here too. */
#ifndef REX_KERNEL_RETURNS_H
#define REX_KERNEL_RETURNS_H

#include "runtime/kernel/image.h"

/* Finds the kernel's thunk. Returns 0, or an error after saying in the log what is missing. */
int rex_returns_init(void);
/* Where this kernel's own code goes instead of `ret`; 0: a plain return. */
unsigned long rex_return_thunk(void);
/* Puts a return at an address, to run there: 5 bytes. Fails when the kernel's thunk is out of reach. */
int rex_return_put(u8 *at);
/*
 * Checks the returns that the note has, and puts this kernel's in their places. To be done before anything else is
 * rewritten in the image, as what is there has to be what the file has.
 */
int rex_returns_link(struct rex_image *image, const struct rex_elf *elf, const struct rex_note *note,
		     struct rex_message *message);

#endif
