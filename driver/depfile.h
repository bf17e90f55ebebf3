/* SPDX-License-Identifier: Apache-2.0 */
/* Dependencies for make and ninja, in the form that compilers write with -MD. */
#ifndef REXC_DRIVER_DEPFILE_H
#define REXC_DRIVER_DEPFILE_H

#include "base/memory.h"

struct buffer;
struct diag;

/* Appends "TARGET: FILE FILE ...", each file once, in order. Spaces, '#', '$' and backslashes
 * before them are escaped as GNU make and ninja read them. A name with a newline has no form in
 * such a file and is left out. */
void depfile_format(struct buffer *text, const char *target, const struct strings *files);
/* Writes it. */
int depfile_write(struct diag *diag, const char *path, const char *target,
                  const struct strings *files);

#endif
