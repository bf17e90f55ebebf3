/* SPDX-License-Identifier: Apache-2.0 */
/* What a Cargo package's license means to the kernel. */
#ifndef REXC_DRIVER_LICENSE_H
#define REXC_DRIVER_LICENSE_H

/*
 * The string that the kernel gets as the program's license, from an SPDX expression (Cargo's
 * `license`, NULL when there is none). The kernel takes a handful of strings as GPL-compatible
 * (include/linux/license.h); an expression that offers GPL version 2 as one of its choices becomes
 * the one of them that says the same:
 *
 *     GPL-2.0-only, GPL-2.0-or-later     "GPL"
 *     ... OR MIT                         "Dual MIT/GPL"
 *     ... OR BSD-2-Clause, BSD-3-Clause  "Dual BSD/GPL"
 *     ... OR MPL-2.0, MPL-1.1            "Dual MPL/GPL"
 *     ... OR anything else               "GPL"
 *
 * Every other expression stays as it is, and no license is "Proprietary". To free().
 */
char *license_for_kernel(const char *spdx);

#endif
