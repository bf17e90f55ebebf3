/* SPDX-License-Identifier: Apache-2.0 */
/* What a number of runs came to. */
#ifndef REXC_RUNTIME_USER_STATISTICS_H
#define REXC_RUNTIME_USER_STATISTICS_H

#include "runtime/abi/rex_imports.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Different verdicts that are counted apart; tracing programs may return anything. */
#define STATISTICS_VERDICTS 256

struct statistics {
    uint64_t runs;
    uint64_t panics, timeouts, overflows, faults, leaks;
    uint64_t clones, overrides;
    uint64_t timed;       /* runs that returned; only these are timed */
    uint64_t nanoseconds; /* in them, imports included */
    uint64_t fastest;     /* nanoseconds; valid when timed > 0 */
    struct {
        uint32_t value;
        uint64_t count;
    } verdicts[STATISTICS_VERDICTS];
    unsigned verdict_count;
    uint64_t other_verdicts; /* runs whose verdict did not fit in the table */
};

void statistics_add_verdict(struct statistics *statistics, uint32_t value, uint64_t count);
/* Adds what another CPU counted. */
void statistics_merge(struct statistics *statistics, const struct statistics *other);
/* By verdict, ascending. */
void statistics_sort(struct statistics *statistics);

/* The name of a verdict ("pass", "drop", "shot"), or its number as a signed decimal in buffer. */
const char *verdict_name(enum rex_program_type type, uint32_t value, char buffer[12]);
/* Whether the kernel lets a packet with that verdict go on, up the stack or out of an interface. */
bool verdict_keeps_packet(enum rex_program_type type, uint32_t value);

#endif
