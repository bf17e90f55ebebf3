/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LLVM's inline stack probes. A frame of more than a page is made a page at a time, each page
 * touched before the next; from some size on in a loop, with the loop's limit in r11
 * (X86FrameLowering.cpp, emitStackProbeInlineGenericLoop; BuildStackAlignAND for alignments of a
 * page and more). Such a loop is known as a whole, byte for byte, or not at all.
 */
#ifndef REXC_LINKER_PROBE_H
#define REXC_LINKER_PROBE_H

#include "linker/code.h"

struct probe {
    uint32_t length; /* instructions */
    bool realigns;   /* does the work of `and rsp, -amount`, else of `sub rsp, amount` */
    int64_t amount;  /* bytes */
};

/* Whether a probe loop begins at the instruction, which belongs to a function. */
bool probe_match(const struct code *code, uint32_t at, struct probe *probe);

#endif
