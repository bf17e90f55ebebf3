/* SPDX-License-Identifier: GPL-2.0-only */
/* /dev/rex (runtime/abi/rex_ioctl.h). */
#ifndef REX_KERNEL_DEVICE_H
#define REX_KERNEL_DEVICE_H

int rex_device_init(void);
void rex_device_exit(void);

#endif
