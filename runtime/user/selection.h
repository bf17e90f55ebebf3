/* SPDX-License-Identifier: Apache-2.0 */
/* Which of an object's programs a session runs, and which of them an event is for. */
#ifndef REXC_RUNTIME_USER_SELECTION_H
#define REXC_RUNTIME_USER_SELECTION_H

#include "runtime/user/context.h"

#include <stdbool.h>
#include <stddef.h>

struct program;
struct runtime;

#define SELECTION_MAX 64 /* programs; struct context_event has a bit for each */

struct selection {
    const struct program *programs[SELECTION_MAX]; /* in the order in which they run */
    size_t count;
};

/* The programs of these names; without names the object's only program or, when it has several,
 * those that the events name, in the order in which the object has them. context may be NULL.
 * Returns 0; -1 with a diagnostic. */
int selection_make(const struct runtime *runtime, const char *const *names, size_t count,
                   const struct context_file *context, struct selection *selection);

/* Notes in each event which of the programs it is for. Returns 0; -1 with a diagnostic when one
 * names what the object does not have. */
int selection_bind(const struct runtime *runtime, const struct selection *selection,
                   struct context_file *context);

/* xdp and tc: packets; the others: events. */
bool program_takes_packets(const struct program *program);

#endif
