/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/statistics.h"

#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stdio.h>
#include <stdlib.h>

void statistics_add_verdict(struct statistics *statistics, uint32_t value, uint64_t count)
{
    unsigned i = 0;

    while (i < statistics->verdict_count && statistics->verdicts[i].value != value)
        i++;
    if (i == STATISTICS_VERDICTS) {
        statistics->other_verdicts += count;
        return;
    }
    if (i == statistics->verdict_count) {
        statistics->verdicts[i].value = value;
        statistics->verdicts[i].count = 0;
        statistics->verdict_count++;
    }
    statistics->verdicts[i].count += count;
}

void statistics_merge(struct statistics *statistics, const struct statistics *other)
{
    if (other->timed > 0 && (statistics->timed == 0 || other->fastest < statistics->fastest))
        statistics->fastest = other->fastest;
    statistics->runs += other->runs;
    statistics->timed += other->timed;
    statistics->panics += other->panics;
    statistics->timeouts += other->timeouts;
    statistics->overflows += other->overflows;
    statistics->faults += other->faults;
    statistics->leaks += other->leaks;
    statistics->clones += other->clones;
    statistics->overrides += other->overrides;
    statistics->nanoseconds += other->nanoseconds;
    statistics->other_verdicts += other->other_verdicts;
    for (unsigned i = 0; i < other->verdict_count; i++)
        statistics_add_verdict(statistics, other->verdicts[i].value, other->verdicts[i].count);
}

static int compare_verdicts(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return left < right ? -1 : left > right;
}

void statistics_sort(struct statistics *statistics)
{
    _Static_assert(offsetof(struct statistics, verdicts[0].value) ==
                       offsetof(struct statistics, verdicts),
                   "compare_verdicts() reads the value at the start of an element");
    qsort(statistics->verdicts, statistics->verdict_count, sizeof(statistics->verdicts[0]),
          compare_verdicts);
}

struct verdict {
    uint32_t value;
    const char *name;
    bool keeps;
};

/* enum xdp_action of linux/bpf.h; what XDP does not know it drops (bpf_warn_invalid_xdp_action). */
static const struct verdict xdp_verdicts[] = {
    {XDP_ABORTED, "aborted", false},  {XDP_DROP, "drop", false},
    {XDP_PASS, "pass", true},         {XDP_TX, "tx", true},
    {XDP_REDIRECT, "redirect", true}, {0, NULL, false},
};

/* TC_ACT_* of linux/pkt_cls.h; what a classifier returns beyond them is as TC_ACT_UNSPEC
 * (cls_bpf_exec_opcode). */
static const struct verdict tc_verdicts[] = {
    {(uint32_t)TC_ACT_UNSPEC, "unspec", true},
    {TC_ACT_OK, "ok", true},
    {TC_ACT_RECLASSIFY, "reclassify", true},
    {TC_ACT_SHOT, "shot", false},
    {TC_ACT_PIPE, "pipe", true},
    {TC_ACT_STOLEN, "stolen", false},
    {TC_ACT_QUEUED, "queued", false},
    {TC_ACT_REPEAT, "repeat", true},
    {TC_ACT_REDIRECT, "redirect", true},
    {TC_ACT_TRAP, "trap", false},
    {0, NULL, true},
};

/* The table's last element when the value has no name; NULL for types whose verdicts are just
 * numbers. */
static const struct verdict *find(enum rex_program_type type, uint32_t value)
{
    const struct verdict *verdict = type == REX_PROGRAM_XDP  ? xdp_verdicts
                                    : type == REX_PROGRAM_TC ? tc_verdicts
                                                             : NULL;

    while (verdict && verdict->name && verdict->value != value)
        verdict++;
    return verdict;
}

const char *verdict_name(enum rex_program_type type, uint32_t value, char buffer[12])
{
    const struct verdict *verdict = find(type, value);

    if (verdict && verdict->name)
        return verdict->name;
    snprintf(buffer, 12, "%d", (int32_t)value);
    return buffer;
}

bool verdict_keeps_packet(enum rex_program_type type, uint32_t value)
{
    const struct verdict *verdict = find(type, value);

    return verdict && verdict->keeps;
}
