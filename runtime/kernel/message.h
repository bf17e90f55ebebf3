/* SPDX-License-Identifier: GPL-2.0-only */
/* The line that tells the caller of an ioctl what is wrong. */
#ifndef REX_KERNEL_MESSAGE_H
#define REX_KERNEL_MESSAGE_H

#include <linux/compiler_attributes.h>

#include "runtime/abi/rex_ioctl.h"

struct rex_message {
	char text[REX_MESSAGE_SIZE];
};

/* Writes the line and returns the error, so that a check can end with `return rex_refuse(...)`. */
__printf(3, 4)
int rex_refuse(struct rex_message *message, int error, const char *format, ...);

#endif
