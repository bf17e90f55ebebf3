/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of /dev/rex that only an object's loading needs; the rest is public (librex.h). */
#ifndef REXC_LIBREX_DEVICE_H
#define REXC_LIBREX_DEVICE_H

struct diag;
struct rex_ioc_bind;
struct rex_ioc_load;

/* Opens the device and sees that module and library fit together. Reports; a descriptor, or a
 * negative error number. */
int device_open(struct diag *diag);
/* Loads what request describes; its message buffer is filled in here. Reports what the module says,
 * after the object's name. A descriptor of the object, or a negative error number. */
int device_load(struct diag *diag, int device, const char *name, struct rex_ioc_load *request);
/* On an object's descriptor. Does not report. */
int device_bind(int object, struct rex_ioc_bind *request);

#endif
