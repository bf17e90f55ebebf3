/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each circular component is taken by itself, as a small graph of its own:
 *   1. with all candidates cut it must be free of circles, or there is no solution;
 *   2. greedily: cut the candidate with the most ways through it, as long as there are circles;
 * then take back each cut that turned out to be unnecessary. Components that are too large
 * even for that get a cut in each candidate;
 *   3. when that is more than what functions that call each other need at the least, smaller sets
 * are tried, by size, as long as the work stays within EXACT_STEPS: the first that cuts everything
 * is a smallest one.
 */
#include "linker/cuts.h"

#include <stdlib.h>
#include <string.h>

#define EXACT_STEPS 4000000u
#define GREEDY_STEPS 200000000u
#define CHOSEN_MAX 31u
#define MASK_BITS 64u

struct arc {
    uint32_t to;
    bool tail;
};

/* A component as a graph of its own. */
struct part {
    uint32_t count;
    uint32_t *nodes;     /* in the call graph */
    uint32_t *first_arc; /* by vertex, and one past the last */
    struct arc *arcs;
    uint32_t *candidates; /* vertices that may be cut */
    uint32_t candidate_count;
    bool *removed; /* by vertex */
    bool *greedy;  /* the set that cut_greedily() found */
    /* Scratch of has_circle(). */
    uint32_t *number, *lowest, *open, *calls, *position, *component;
};

static void part_free(struct part *part)
{
    free(part->nodes);
    free(part->first_arc);
    free(part->arcs);
    free(part->candidates);
    free(part->removed);
    free(part->greedy);
    free(part->number);
    free(part->lowest);
    free(part->open);
    free(part->calls);
    free(part->position);
    free(part->component);
}

static int part_arcs(struct part *part, const struct depth *depth, const uint32_t *vertex_of,
                     uint32_t component)
{
    uint32_t capacity = 0, count = 0;
    for (uint32_t v = 0; v < part->count; v++) {
        struct callgraph_edges edges = callgraph_edges_of(depth->graph, part->nodes[v]);
        struct callgraph_edge edge;
        part->first_arc[v] = count;
        while (callgraph_next_edge(&edges, &edge)) {
            if (depth->nodes[edge.node].component != component || depth->cut[edge.node])
                continue;
            if (count == capacity) {
                capacity = capacity ? capacity * 2 : 64;
                struct arc *grown = reallocarray(part->arcs, capacity, sizeof(*grown));
                if (!grown)
                    return -1;
                part->arcs = grown;
            }
            part->arcs[count++] = (struct arc){.to = vertex_of[edge.node], .tail = edge.tail};
        }
    }
    part->first_arc[part->count] = count;
    return 0;
}

static int part_init(struct part *part, const struct depth *depth, uint32_t index,
                     const bool *may_cut, uint32_t *vertex_of)
{
    const struct depth_component *component = &depth->components[index];
    size_t count = component->count;

    *part = (struct part){
        .count = component->count,
        .nodes = calloc(count, sizeof(uint32_t)),
        .first_arc = calloc(count + 1, sizeof(uint32_t)),
        .candidates = calloc(count, sizeof(uint32_t)),
        .removed = calloc(count, sizeof(bool)),
        .greedy = calloc(count, sizeof(bool)),
        .number = calloc(count, sizeof(uint32_t)),
        .lowest = calloc(count, sizeof(uint32_t)),
        .open = calloc(count, sizeof(uint32_t)),
        .calls = calloc(count, sizeof(uint32_t)),
        .position = calloc(count, sizeof(uint32_t)),
        .component = calloc(count, sizeof(uint32_t)),
    };
    if (!part->nodes || !part->first_arc || !part->candidates || !part->removed || !part->greedy ||
        !part->number || !part->lowest || !part->open || !part->calls || !part->position ||
        !part->component)
        return -1;
    for (uint32_t v = 0; v < part->count; v++) {
        part->nodes[v] = depth->members[component->first + v];
        vertex_of[part->nodes[v]] = v;
        if (may_cut[part->nodes[v]])
            part->candidates[part->candidate_count++] = v;
    }
    return part_arcs(part, depth, vertex_of, index);
}

/* Whether a circle with a call is left among what is not removed: the same algorithm as in depth.c,
 * on this graph. Leaves each vertex's strong component in part->component. */
static bool has_circle(struct part *part)
{
    uint32_t visited = 0, components = 0, open = 0, calls = 0;
    memset(part->number, 0, part->count * sizeof(*part->number));
    for (uint32_t root = 0; root < part->count; root++) {
        if (part->removed[root] || part->number[root])
            continue;
        part->calls[calls++] = root;
        while (calls) {
            uint32_t v = part->calls[calls - 1];
            if (!part->number[v]) {
                part->number[v] = part->lowest[v] = ++visited;
                part->component[v] = CODE_NONE;
                part->position[v] = part->first_arc[v];
                part->open[open++] = v;
            }
            bool entered = false;
            while (!entered && part->position[v] < part->first_arc[v + 1]) {
                uint32_t to = part->arcs[part->position[v]].to;
                if (!part->removed[to] && !part->number[to]) {
                    part->calls[calls++] = to; /* the arc is looked at again afterwards */
                    entered = true;
                    continue;
                }
                part->position[v]++;
                if (!part->removed[to] && part->component[to] == CODE_NONE &&
                    part->lowest[to] < part->lowest[v])
                    part->lowest[v] = part->lowest[to];
            }
            if (entered)
                continue;
            calls--;
            if (part->lowest[v] != part->number[v])
                continue;
            uint32_t member;
            do {
                member = part->open[--open];
                part->component[member] = components;
            } while (member != v);
            components++;
        }
    }
    for (uint32_t v = 0; v < part->count; v++)
        for (uint32_t a = part->first_arc[v]; !part->removed[v] && a < part->first_arc[v + 1]; a++)
            if (!part->arcs[a].tail && !part->removed[part->arcs[a].to] &&
                part->component[v] == part->component[part->arcs[a].to])
                return true;
    return false;
}

static uint64_t one_pass(const struct part *part)
{
    return (uint64_t)part->count + part->first_arc[part->count];
}

/* Tries every set of `size` candidates, in lexicographic order; leaves the first that works
 * removed. */
static bool try_sets(struct part *part, uint32_t size, uint64_t *steps)
{
    uint32_t n = part->candidate_count;
    uint32_t chosen[CHOSEN_MAX];
    for (uint32_t i = 0; i < size; i++)
        chosen[i] = i;
    for (;;) {
        *steps += one_pass(part);
        if (*steps > EXACT_STEPS)
            return false;
        for (uint32_t i = 0; i < size; i++)
            part->removed[part->candidates[chosen[i]]] = true;
        if (!has_circle(part))
            return true;
        for (uint32_t i = 0; i < size; i++)
            part->removed[part->candidates[chosen[i]]] = false;
        uint32_t i = size;
        while (i > 0 && chosen[i - 1] == n - size + i - 1)
            i--;
        if (i == 0)
            return false;
        chosen[i - 1]++;
        for (; i < size; i++)
            chosen[i] = chosen[i - 1] + 1;
    }
}

/* What a vertex has arcs to, in a component of at most MASK_BITS vertices; and which are calls. */
struct neighbours {
    uint64_t all[MASK_BITS], calls[MASK_BITS];
};

/* A call leads from one to the other, and something leads back. */
static bool call_each_other(const struct neighbours *known, uint32_t v, uint32_t w)
{
    return (known->all[v] >> w & 1) && (known->all[w] >> v & 1) &&
           ((known->calls[v] >> w & 1) || (known->calls[w] >> v & 1));
}

/* A number of cuts below which there is no solution: functions that call themselves are cut, and of
 * a group that all call each other all but one. Each is counted in one group only. */
static uint32_t fewest(const struct part *part)
{
    struct neighbours known = {0};
    uint64_t done = 0;
    uint32_t cuts = 0;

    if (part->count > MASK_BITS)
        return 1;
    for (uint32_t v = 0; v < part->count; v++) {
        for (uint32_t a = part->first_arc[v]; a < part->first_arc[v + 1]; a++) {
            const struct arc *arc = &part->arcs[a];
            known.all[v] |= UINT64_C(1) << arc->to;
            known.calls[v] |= (uint64_t)!arc->tail << arc->to;
        }
        if (known.calls[v] >> v & 1) {
            done |= UINT64_C(1) << v;
            cuts++;
        }
    }
    for (uint32_t v = 0; v < part->count; v++) {
        uint64_t group = ~done & UINT64_C(1) << v;
        for (uint32_t w = v + 1; group && w < part->count; w++) {
            bool fits = !(done >> w & 1);
            for (uint32_t u = v; fits && u < w; u++)
                fits = !(group >> u & 1) || call_each_other(&known, u, w);
            group |= (uint64_t)fits << w;
            cuts += fits;
        }
        done |= group;
    }
    return cuts ? cuts : 1;
}

/* Leaves a set of less than `below` candidates removed that cuts everything; false when there is
 * none, or when it would take too long. */
static bool cut_exactly(struct part *part, uint32_t below)
{
    uint64_t steps = 0;
    uint32_t size = fewest(part);
    bool found = false;
    while (!found && size < below && size <= CHOSEN_MAX && steps <= EXACT_STEPS)
        found = try_sets(part, size++, &steps);
    return found;
}

/* The candidate with the most ways through it, in the circles that has_circle() just found. */
static uint32_t busiest(const struct part *part, uint32_t *into)
{
    uint32_t best = CODE_NONE;
    uint64_t most = 0;
    memset(into, 0, part->count * sizeof(*into));
    for (uint32_t v = 0; v < part->count; v++)
        for (uint32_t a = part->first_arc[v]; !part->removed[v] && a < part->first_arc[v + 1]; a++)
            if (!part->removed[part->arcs[a].to] &&
                part->component[v] == part->component[part->arcs[a].to])
                into[part->arcs[a].to]++;
    for (uint32_t i = 0; i < part->candidate_count; i++) {
        uint32_t v = part->candidates[i];
        uint64_t out = 0;
        for (uint32_t a = part->first_arc[v]; !part->removed[v] && a < part->first_arc[v + 1]; a++)
            out += !part->removed[part->arcs[a].to] &&
                   part->component[v] == part->component[part->arcs[a].to];
        if (out * into[v] > most) {
            most = out * into[v];
            best = v;
        }
    }
    return best;
}

/* Leaves a set of candidates removed that cuts everything. */
static int cut_greedily(struct part *part)
{
    uint64_t steps = 0;
    uint32_t *into = calloc(part->count, sizeof(*into));
    if (!into)
        return -1;
    while (has_circle(part)) {
        steps += one_pass(part);
        uint32_t vertex = steps > GREEDY_STEPS ? CODE_NONE : busiest(part, into);
        for (uint32_t i = 0; vertex == CODE_NONE && i < part->candidate_count; i++)
            part->removed[part->candidates[i]] = true;
        if (vertex != CODE_NONE)
            part->removed[vertex] = true;
    }
    for (uint32_t i = 0; i < part->candidate_count && steps <= GREEDY_STEPS; i++) {
        uint32_t vertex = part->candidates[i];
        if (!part->removed[vertex])
            continue;
        steps += one_pass(part);
        part->removed[vertex] = false;
        part->removed[vertex] = has_circle(part);
    }
    free(into);
    return 0;
}

static int cut_part(struct part *part, bool *cut, uint32_t *uncut)
{
    for (uint32_t i = 0; i < part->candidate_count; i++)
        part->removed[part->candidates[i]] = true;
    if (has_circle(part)) {
        for (uint32_t v = 0; v < part->count && *uncut == CODE_NONE; v++)
            for (uint32_t a = part->first_arc[v]; !part->removed[v] && a < part->first_arc[v + 1];
                 a++)
                if (!part->arcs[a].tail && !part->removed[part->arcs[a].to] &&
                    part->component[v] == part->component[part->arcs[a].to])
                    *uncut = part->nodes[v];
        return 0;
    }
    memset(part->removed, 0, part->count * sizeof(*part->removed));
    if (cut_greedily(part))
        return -1;
    memcpy(part->greedy, part->removed, part->count * sizeof(*part->removed));
    memset(part->removed, 0, part->count * sizeof(*part->removed));
    uint32_t count = 0;
    for (uint32_t v = 0; v < part->count; v++)
        count += part->greedy[v];
    const bool *chosen = cut_exactly(part, count) ? part->removed : part->greedy;
    for (uint32_t v = 0; v < part->count; v++)
        if (chosen[v])
            cut[part->nodes[v]] = true;
    return 0;
}

int cuts_choose(const struct callgraph *graph, const bool *may_cut, bool *cut, uint32_t *uncut)
{
    struct depth depth;
    uint32_t *vertex_of = calloc((size_t)graph->node_count + 1, sizeof(*vertex_of));
    int result = -1;

    *uncut = CODE_NONE;
    if (!vertex_of || depth_compute(graph, cut, &depth)) {
        free(vertex_of);
        return -1;
    }
    /* cut[] changes below; the components must be those of before. */
    bool *before = malloc((size_t)graph->node_count + 1);
    if (!before)
        goto done;
    memcpy(before, cut, graph->node_count);
    depth.cut = before;
    for (uint32_t i = 0; i < depth.component_count && *uncut == CODE_NONE; i++) {
        struct part part;
        if (!depth.components[i].circular)
            continue;
        int failed = part_init(&part, &depth, i, may_cut, vertex_of) || cut_part(&part, cut, uncut);
        part_free(&part);
        if (failed)
            goto done;
    }
    result = 0;

done:
    free(before);
    free(vertex_of);
    depth_free(&depth);
    return result;
}
