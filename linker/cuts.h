/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where to cut the circles of a call graph: a feedback vertex set over the functions that can carry
 * a check. Only circles with a call on them count; tail jumps alone do not grow the stack.
 */
#ifndef REXC_LINKER_CUTS_H
#define REXC_LINKER_CUTS_H

#include "linker/depth.h"

/*
 * Adds to cut[] (by node) so that no circle of the graph is left uncut, choosing among the nodes of
 * may_cut[] only: the fewest possible where a component is small, near the fewest elsewhere. *uncut
 * is CODE_NONE, or a node on a circle that cannot be cut, and then cut[] is not complete. Returns
 * -1 when memory ran out.
 */
int cuts_choose(const struct callgraph *graph, const bool *may_cut, bool *cut, uint32_t *uncut);

#endif
