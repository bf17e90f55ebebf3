/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The longest paths of a call graph, by its strongly connected components, in linear time. A node's
 * bound is the greatest depth below its entry that a path from it reaches, in bytes; return
 * addresses are in the edges' costs. A circle of tail jumps alone costs nothing and is no obstacle;
 * a circle with a call in it has no bound, unless a node on it is cut: a cut node tests for the
 * stack it needs when it is entered, so whoever leads to it has to have nothing ready for it.
 */
#ifndef REXC_LINKER_DEPTH_H
#define REXC_LINKER_DEPTH_H

#include "linker/callgraph.h"

#define DEPTH_UNBOUNDED UINT64_MAX

struct depth_node {
    uint64_t bound;     /* bytes, or DEPTH_UNBOUNDED; 0 for nodes that are not reachable */
    uint32_t component; /* index in components; CODE_NONE for nodes that are not reachable */
    /* How the component's deepest path leaves this node: CODE_NONE when it ends here. The last node
     * of a path may be a cut one. Set for each component's deepest node only. */
    uint32_t next;
    uint32_t next_cost;
    uint32_t next_instruction;
};

struct depth_component {
    uint32_t first, count; /* its nodes: members[first .. first + count) */
    uint32_t deepest;      /* the node where the deepest path leaves the component or ends */
    bool circular;         /* has a circle with a call on it */
};

struct depth {
    const struct callgraph *graph;
    const bool *cut; /* not owned */
    struct depth_node *nodes;
    struct depth_component *components; /* callees before callers */
    uint32_t component_count;
    uint32_t *members;
};

/* cut: by node; NULL: none. Edges into cut nodes count for their own cost only. Returns -1 when
 * memory ran out; depth_free() in either case. */
int depth_compute(const struct callgraph *graph, const bool *cut, struct depth *depth);
void depth_free(struct depth *depth);

/* One frame of a path. */
struct depth_step {
    uint32_t node; /* a function or, between caller and callee, a set */
    uint32_t
        bytes; /* what it adds: up to the call, return address included; its own depth at the end */
    uint32_t
        instruction; /* the call or jump that the path takes; CODE_NONE at the end and in sets */
};
/* The deepest path from a node with a bound; the bytes add up to the bound. *steps is malloc'ed.
 * Returns -1 when memory ran out. */
int depth_path(const struct depth *depth, uint32_t node, struct depth_step **steps, size_t *count);

/* A shortest circle through a node, in call order, inside its component: its functions, the node
 * first when it is one. *circle is malloc'ed; *count is 0 when there is none. Returns -1 when
 * memory ran out. */
int depth_circle(const struct depth *depth, uint32_t node, uint32_t **circle, size_t *count);

#endif
