/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects the module has, with their programs' counts. */
#ifndef REXC_LOADER_STATE_H
#define REXC_LOADER_STATE_H

#include "runtime/abi/rex_ioctl.h"

#include <stddef.h>

struct diag;

struct state_object {
    struct rex_ioc_object_info info;
    struct rex_ioc_program_info *programs; /* info.programs of them */
};

struct state {
    struct state_object *objects; /* by id */
    size_t count;
};

/* Opens the device, reporting when that fails: a descriptor, or -1. */
int state_open_device(struct diag *diag);
/* Objects that go while they are being listed are left out. Reports and returns -1. */
int state_read(struct diag *diag, int device, struct state *state);
void state_free(struct state *state);

#endif
