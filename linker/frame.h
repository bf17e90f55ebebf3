/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How deep rsp gets inside one function: an abstract interpretation of rsp and rbp over its
 * control-flow graph.
 *
 * A height is how far rsp lies below its value at the function's entry, in bytes; there rsp points
 * to the return address, and the height is 0. Every path to an instruction must agree on its
 * height. A function may leave only with height 0 and with rbp as it was on entry; so a caller's
 * height and rbp after a call are what they were before it, which is what makes one function at a
 * time enough. (docs/safety.md, "Frames".)
 *
 * Realigned frames (`and rsp, -A`) move rsp down by 0 to A - 8 bytes more than is known here, rsp
 * being a multiple of 8 at every entry (LLVM makes frames of other sizes in functions that call
 * nothing); heights given out include the A - 8.
 */
#ifndef REXC_LINKER_FRAME_H
#define REXC_LINKER_FRAME_H

#include "linker/callee.h"
#include "linker/code.h"
#include "linker/returns.h"

/* What is not understood, or known to be wrong. Each has a diagnostic of its own. */
enum frame_fault {
    FRAME_OK,
    FRAME_NO_MEMORY,
    FRAME_CODE,        /* the instruction has a code_problem, or cannot be run */
    FRAME_UNKNOWN_RSP, /* rsp gets a value that is not a known distance from the entry */
    FRAME_DYNAMIC,     /* rsp moves by a register: memory of variable size on the stack */
    FRAME_MISALIGNED,  /* a call, realignment or push of another width where rsp is no multiple of 8
                        */
    FRAME_TOO_LARGE,   /* a frame of more than FRAME_MAX bytes */
    FRAME_ABOVE_ENTRY, /* rsp rises above its value at the entry, or over a realigned frame's top */
    FRAME_MERGE,       /* two paths reach an instruction with different heights */
    FRAME_NOT_RESTORED,  /* leaves with another rsp or rbp than at the entry */
    FRAME_BELOW_RSP,     /* a memory access below rsp (a red zone) */
    FRAME_OVERWRITES,    /* a store to the return address or to the saved rbp */
    FRAME_FALLS_THROUGH, /* control runs over the function's end */
    FRAME_INT3,          /* a reachable int3 */
    FRAME_INTO_PROBE,    /* a branch into a stack probe loop */
};

#define FRAME_MAX (1 << 28) /* bytes; far above any stack, far below overflow of the sums */

enum frame_edge_kind {
    FRAME_CALL,     /* target: a function; its entry lies height + 8 below this function's */
    FRAME_TAIL,     /* target: a function, entered in this one's place */
    FRAME_CALL_SET, /* target: a callee_set */
    FRAME_TAIL_SET,
    FRAME_REFERENCE, /* target: a function whose address is taken (lea); nothing is entered */
};

struct frame_edge {
    uint32_t instruction;
    uint32_t target; /* index in code->functions or in callee_sets.sets */
    uint32_t height; /* at the instruction, before it; an upper bound in realigned frames */
    enum frame_edge_kind kind;
};

struct frame {
    bool analysed;
    enum frame_fault fault;     /* FRAME_OK, or what stopped the analysis, at fault_instruction */
    uint32_t fault_instruction; /* CODE_NONE: the function has none */
    uint32_t depth;      /* the greatest height, without what callees use, return addresses of calls
                            included */
    uint32_t first_edge; /* in frames.edges */
    uint32_t edge_count;
};

struct frames {
    const struct code *code;
    const struct callee_sets *sets;
    const struct returns *returns;
    struct frame *frames; /* by function */
    struct frame_edge *edges;
    uint32_t edge_count;
    uint32_t edge_capacity;
    /* Of the function analysed last, by instruction from its first. */
    struct frame_state *states;
    uint32_t *stack;
    uint32_t stack_count;
    uint32_t scratch_capacity;
};

/* Returns -1 when memory ran out; frames_free() in either case. The arguments must outlive frames.
 */
int frames_init(struct frames *frames, const struct code *code, const struct callee_sets *sets,
                const struct returns *returns);
void frames_free(struct frames *frames);
/* Analyses a function of kind CODE_FUNCTION, once; frames->frames[function] has the result. Linear
 * in its instructions. */
enum frame_fault frame_analyse(struct frames *frames, uint32_t function);
/* Makes a function that was analysed without a fault the one that was analysed last.
 * FRAME_NO_MEMORY, or FRAME_OK. */
enum frame_fault frame_replay(struct frames *frames, uint32_t function);
/* How far rsp, or rbp, lies below the value of rsp at the entry, before an instruction of the
 * function that was analysed last. False when that is not the same number in every run, is not
 * known, or control does not reach it. */
bool frame_distance(const struct frames *frames, uint32_t instruction, bool rbp, int64_t *height);
/* The height before an instruction of the function that was analysed last; -1 when control does not
 * reach it. In realigned frames the greatest that is possible. */
int64_t frame_height(const struct frames *frames, uint32_t instruction);
/* Whether rsp counts from a realigned point there; then it was aligned to *alignment at the height
 * *before. */
bool frame_realigned(const struct frames *frames, uint32_t instruction, int64_t *alignment,
                     int64_t *before);

#endif
