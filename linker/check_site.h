/* SPDX-License-Identifier: Apache-2.0 */
/* The stack check that the pass puts in front of a function's body (llvm-pass/README.md, "Stack
 * checks"). */
#ifndef REXC_LINKER_CHECK_SITE_H
#define REXC_LINKER_CHECK_SITE_H

#include "linker/code.h"

struct check_site {
    uint32_t need; /* bytes below rsp that it demands */
    uint32_t body; /* the function that it guards; index in code->functions */
};

/* Whether the function is such a check, instruction for instruction:
 *     endbr64 ; lea r10, [rsp - need] ; mov r11, [rip + slot of rex_cpu] ; cmp r10, gs:[r11] ;
 *     jb __rex_import_rex_stack_overflow ; jmp body */
bool check_site_match(const struct code *code, uint32_t function, struct check_site *site);

#endif
