/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may call whom, from given roots on. Nodes are functions and, behind them, callee sets: an
 * indirect call leads to its set, and a set to its members. A function is a member when it has the
 * demanded id and its address is taken where it matters: by an instruction of a reachable function,
 * or by a relocation of the image, which counts in a trait's table (tables.h) only when a reachable
 * function or another pointer that counts refers to the table. That is found together with
 * reachability, as a least fixed point. What is no member makes nobody return, so both are found
 * again with the members that are left, for as long as that leaves fewer.
 *
 * Only what is reachable is analysed, and only what is reachable can be at fault.
 */
#ifndef REXC_LINKER_CALLGRAPH_H
#define REXC_LINKER_CALLGRAPH_H

#include "linker/callee.h"
#include "linker/code.h"
#include "linker/frame.h"
#include "linker/returns.h"

struct diag;

struct callgraph {
    const struct code *code; /* not owned */
    struct callee_sets sets; /* members[]: narrowed to those whose address is taken */
    struct returns returns;
    struct frames frames;
    uint32_t node_count; /* functions, then sets */
    bool *reachable;     /* by node */
    uint8_t *taken;      /* by function: enum callgraph_taken */
    uint32_t *taker;     /* by function: the relocation's index, or the lea's */
};

enum callgraph_taken {
    CALLGRAPH_NOT_TAKEN,
    CALLGRAPH_TAKEN_BY_RELOCATION, /* an R_X86_64_RELATIVE's addend: a vtable, a static */
    CALLGRAPH_TAKEN_BY_CODE,       /* a lea in a reachable function */
};

/* Builds the graph from the roots (indices of functions). Reports every fault of a reachable
 * function (a dozen at most) and returns -1 when there is one, or when memory runs out; *graph is
 * NULL then. */
int callgraph_build(struct diag *diag, const struct code *code, const uint32_t *roots,
                    size_t root_count, struct callgraph **graph);
void callgraph_free(struct callgraph *graph);

/* A node's edges to other nodes, in code order; references are not among them. */
struct callgraph_edges {
    const struct callgraph *graph;
    uint32_t node;
    uint32_t position;
};
struct callgraph_edge {
    uint32_t node;        /* where it leads */
    uint32_t cost;        /* how far below this node's entry that node's entry lies, in bytes */
    bool tail;            /* replaces the frame: cost is 0 and adds nothing on a cycle */
    uint32_t instruction; /* the call or jump; CODE_NONE from a set to a member */
};
struct callgraph_edges callgraph_edges_of(const struct callgraph *graph, uint32_t node);
bool callgraph_next_edge(struct callgraph_edges *edges, struct callgraph_edge *edge);

static inline bool callgraph_is_set(const struct callgraph *graph, uint32_t node)
{
    return node >= graph->code->function_count;
}

#endif
