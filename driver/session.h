/* SPDX-License-Identifier: Apache-2.0 */
/* What every command that compiles needs first: where rexc's own files are, the tools, the user's
 * record key. */
#ifndef REXC_DRIVER_SESSION_H
#define REXC_DRIVER_SESSION_H

#include "driver/fingerprint.h"
#include "driver/toolchain.h"

struct diag;

struct session {
    struct installation installation;
    struct toolchain toolchain;
    struct record_key key;
    struct digests *digests;
};

/* Reports what is missing (exit status 3) and returns -1; with dry_run (-###) also -1, without an
 * error, when a tool would have to be asked. session_end() in either case. */
int session_begin(struct diag *diag, bool verbose, bool dry_run, struct session *session);
void session_end(struct session *session);

/* The user's directory for keys, where the record key lies beside the signing key. To free(); NULL
 * after a report. */
char *session_key_directory(struct diag *diag);

#endif
