/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/callee.h"

#include <stdlib.h>
#include <string.h>

static int compare_sets(const void *a, const void *b)
{
    uint32_t left = ((const struct callee_set *)a)->id;
    uint32_t right = ((const struct callee_set *)b)->id;
    return left < right ? -1 : left > right;
}

static int collect_ids(const struct code *code, struct callee_sets *sets)
{
    sets->sets = calloc(code->site_count + 1, sizeof(*sets->sets));
    if (!sets->sets)
        return -1;
    uint32_t count = 0;
    for (uint32_t i = 0; i < code->site_count; i++)
        if (code->sites[i].checked)
            sets->sets[count++].id = code->sites[i].id;
    qsort(sets->sets, count, sizeof(*sets->sets), compare_sets);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || sets->sets[i].id != sets->sets[sets->set_count - 1].id)
            sets->sets[sets->set_count++] = sets->sets[i];
    return 0;
}

int callee_find(const struct code *code, struct callee_sets *sets)
{
    memset(sets, 0, sizeof(*sets));
    if (collect_ids(code, sets))
        return -1;
    uint32_t total = 0;
    for (uint32_t i = 0; i < code->function_count; i++) {
        uint32_t set =
            code->functions[i].has_id ? callee_set_of(sets, code->functions[i].id) : CODE_NONE;
        if (set == CODE_NONE)
            continue;
        sets->sets[set].count++;
        total++;
    }
    sets->members = calloc(total + 1, sizeof(*sets->members));
    if (!sets->members) {
        callee_free(sets);
        return -1;
    }
    for (uint32_t i = 0, next = 0; i < sets->set_count; i++) {
        sets->sets[i].first = next;
        next += sets->sets[i].count;
        sets->sets[i].count = 0;
    }
    for (uint32_t i = 0; i < code->function_count; i++) {
        uint32_t set =
            code->functions[i].has_id ? callee_set_of(sets, code->functions[i].id) : CODE_NONE;
        if (set != CODE_NONE)
            sets->members[sets->sets[set].first + sets->sets[set].count++] = i;
    }
    return 0;
}

void callee_free(struct callee_sets *sets)
{
    free(sets->sets);
    free(sets->members);
    memset(sets, 0, sizeof(*sets));
}

uint32_t callee_set_of(const struct callee_sets *sets, uint32_t id)
{
    uint32_t low = 0, high = sets->set_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sets->sets[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < sets->set_count && sets->sets[low].id == id ? low : CODE_NONE;
}
