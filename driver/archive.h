/* SPDX-License-Identifier: Apache-2.0 */
/* The functions that an object file, or an archive of object files (.rlib), defines. */
#ifndef REXC_DRIVER_ARCHIVE_H
#define REXC_DRIVER_ARCHIVE_H

#include "base/memory.h"

struct diag;

/* Appends the name of each defined STT_FUNC symbol, local ones included. Members of an archive that
 * are no ELF files (an rlib's metadata) have none. Reports DIAG_CANNOT_READ and returns -1. */
int archive_functions(struct diag *diag, const char *path, struct strings *names);

#endif
