/* SPDX-License-Identifier: Apache-2.0 */
/* What `rexc run` says at the end, for people and as JSON (format 1). */
#ifndef REXC_RUNTIME_USER_SUMMARY_H
#define REXC_RUNTIME_USER_SUMMARY_H

#include "runtime/user/session.h"

#include <stdbool.h>
#include <stdio.h>

/* Elements of a map that are listed although all bytes are zero; in maps with more entries than
 * that such elements of arrays are only counted. */
#define SUMMARY_ENTRIES 1024

/* Both return 0, or -1 with a diagnostic. The text has the maps' content only when asked. */
int summary_text(FILE *out, const struct session *session, bool dump_maps);
int summary_json(FILE *out, const struct session *session);

#endif
