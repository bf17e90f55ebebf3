/* SPDX-License-Identifier: Apache-2.0 */
/* The file between make_cases.c and load_cases.c: for each case a head, and its edits, each with
 * its bytes. */
#ifndef REXC_HOSTILE_CASES_H
#define REXC_HOSTILE_CASES_H

#include <stdint.h>

#define BASES_MAX 16
#define CASE_EDITS_MAX 4096

struct case_head {
    uint32_t number;
    uint32_t base; /* of the base objects */
    uint32_t size; /* of the case; beyond the base's it is zeroes but for the edits */
    uint32_t edits;
};

struct case_edit {
    uint32_t offset;
    uint32_t size;
};

#endif
