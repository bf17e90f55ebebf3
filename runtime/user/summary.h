/* SPDX-License-Identifier: Apache-2.0 */
/* What `rexc run` says at the end, for people and as JSON (format 1). */
#ifndef REXC_RUNTIME_USER_SUMMARY_H
#define REXC_RUNTIME_USER_SUMMARY_H

#include "runtime/user/session.h"

#include <stdbool.h>
#include <stdio.h>

/* Entries up to which an array is always listed in full in JSON. Of larger ones the elements that
 * are all zero are counted only, unless the maps were asked for. */
#define SUMMARY_ENTRIES 1024

/* Both return 0, or -1 with a diagnostic. The text has the maps' content only when asked; in it
 * zero elements of an array that follow each other share a line. */
int summary_text(FILE *out, const struct session *session, bool dump_maps);
int summary_json(FILE *out, const struct session *session, bool dump_maps);

#endif
