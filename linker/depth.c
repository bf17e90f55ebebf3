/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/depth.h"

#include <stdlib.h>
#include <string.h>

/* Tarjan's algorithm with its recursion on an explicit stack: call graphs may be as deep as they
 * are large. */
struct visitor {
    struct depth *depth;
    uint32_t *number; /* order of the first visit, from 1; 0: not visited */
    uint32_t *lowest; /* lowest number reachable within the open nodes */
    uint32_t *open;   /* nodes whose component is not complete */
    uint32_t open_count;
    struct callgraph_edges *calls; /* the path that is being walked */
    uint32_t call_count;
    uint32_t visited;
};

static bool is_cut(const struct depth *depth, uint32_t node)
{
    return depth->cut && depth->cut[node];
}

static void enter(struct visitor *visitor, uint32_t node)
{
    visitor->number[node] = visitor->lowest[node] = ++visitor->visited;
    visitor->open[visitor->open_count++] = node;
    visitor->calls[visitor->call_count++] = callgraph_edges_of(visitor->depth->graph, node);
}

/* One candidate for the component's deepest path. */
static void consider(struct depth *depth, struct depth_component *component, uint32_t node,
                     uint64_t bound, const struct callgraph_edge *edge, uint64_t *best)
{
    /* Of equals a path that goes on explains more than one that ends. */
    bool ends =
        component->deepest == CODE_NONE || depth->nodes[component->deepest].next == CODE_NONE;
    if (component->deepest != CODE_NONE && (bound < *best || (bound == *best && !(edge && ends))))
        return;
    *best = bound;
    component->deepest = node;
    struct depth_node *here = &depth->nodes[node];
    here->next = edge ? edge->node : CODE_NONE;
    here->next_cost = edge ? edge->cost : 0;
    here->next_instruction = edge ? edge->instruction : CODE_NONE;
}

/* The bound of a component all of whose callees are complete. */
static void complete(struct depth *depth, struct depth_component *component)
{
    const struct callgraph *graph = depth->graph;
    uint32_t index = (uint32_t)(component - depth->components);
    uint64_t best = 0;

    for (uint32_t i = 0; i < component->count; i++) {
        uint32_t node = depth->members[component->first + i];
        struct callgraph_edges edges = callgraph_edges_of(graph, node);
        struct callgraph_edge edge;
        uint32_t own = callgraph_is_set(graph, node) ? 0 : graph->frames.frames[node].depth;
        consider(depth, component, node, own, NULL, &best);
        while (callgraph_next_edge(&edges, &edge)) {
            const struct depth_node *there = &depth->nodes[edge.node];
            if (is_cut(depth, edge.node)) {
                consider(depth, component, node, edge.cost, &edge, &best);
            } else if (there->component == index) {
                component->circular |= !edge.tail;
            } else {
                uint64_t bound =
                    there->bound == DEPTH_UNBOUNDED ? DEPTH_UNBOUNDED : there->bound + edge.cost;
                consider(depth, component, node, bound, &edge, &best);
            }
        }
    }
    for (uint32_t i = 0; i < component->count; i++)
        depth->nodes[depth->members[component->first + i]].bound =
            component->circular ? DEPTH_UNBOUNDED : best;
}

static void leave(struct visitor *visitor, uint32_t node)
{
    struct depth *depth = visitor->depth;
    visitor->call_count--;
    if (visitor->call_count) {
        uint32_t caller = visitor->calls[visitor->call_count - 1].node;
        if (visitor->lowest[node] < visitor->lowest[caller])
            visitor->lowest[caller] = visitor->lowest[node];
    }
    if (visitor->lowest[node] != visitor->number[node])
        return;
    struct depth_component *component = &depth->components[depth->component_count];
    component->deepest = CODE_NONE;
    component->first = depth->component_count ? component[-1].first + component[-1].count : 0;
    uint32_t member;
    do {
        member = visitor->open[--visitor->open_count];
        depth->nodes[member].component = depth->component_count;
        depth->members[component->first + component->count++] = member;
    } while (member != node);
    depth->component_count++;
    complete(depth, component);
}

static void visit(struct visitor *visitor, uint32_t root)
{
    struct depth *depth = visitor->depth;
    enter(visitor, root);
    while (visitor->call_count) {
        struct callgraph_edges *edges = &visitor->calls[visitor->call_count - 1];
        struct callgraph_edge edge;
        if (!callgraph_next_edge(edges, &edge)) {
            leave(visitor, edges->node);
            continue;
        }
        if (is_cut(depth, edge.node))
            continue;
        if (!visitor->number[edge.node])
            enter(visitor, edge.node);
        else if (depth->nodes[edge.node].component == CODE_NONE &&
                 visitor->number[edge.node] < visitor->lowest[edges->node])
            visitor->lowest[edges->node] = visitor->number[edge.node];
    }
}

int depth_compute(const struct callgraph *graph, const bool *cut, struct depth *depth)
{
    size_t count = (size_t)graph->node_count + 1;
    struct visitor visitor = {
        .depth = depth,
        .number = calloc(count, sizeof(uint32_t)),
        .lowest = calloc(count, sizeof(uint32_t)),
        .open = calloc(count, sizeof(uint32_t)),
        .calls = calloc(count, sizeof(struct callgraph_edges)),
    };
    int result = -1;

    *depth = (struct depth){
        .graph = graph,
        .cut = cut,
        .nodes = calloc(count, sizeof(*depth->nodes)),
        .components = calloc(count, sizeof(*depth->components)),
        .members = calloc(count, sizeof(*depth->members)),
    };
    if (!visitor.number || !visitor.lowest || !visitor.open || !visitor.calls || !depth->nodes ||
        !depth->components || !depth->members)
        goto done;
    for (uint32_t i = 0; i < graph->node_count; i++)
        depth->nodes[i] = (struct depth_node){.component = CODE_NONE, .next = CODE_NONE};
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (graph->reachable[i] && !visitor.number[i])
            visit(&visitor, i);
    result = 0;

done:
    free(visitor.number);
    free(visitor.lowest);
    free(visitor.open);
    free(visitor.calls);
    if (result)
        depth_free(depth);
    return result;
}

void depth_free(struct depth *depth)
{
    free(depth->nodes);
    free(depth->components);
    free(depth->members);
    memset(depth, 0, sizeof(*depth));
}

/* Breadth first from a node through its component, until an edge leads to the target; *came and *by
 * are filled with each node's predecessor and the instruction between, for nodes of the component.
 */
static int search(const struct depth *depth, uint32_t from, uint32_t target, uint32_t *came,
                  uint32_t *by, bool *found)
{
    const struct callgraph *graph = depth->graph;
    uint32_t component = depth->nodes[from].component;
    const uint32_t *members = depth->members + depth->components[component].first;
    uint32_t count = depth->components[component].count;
    uint32_t *queue = calloc(count, sizeof(*queue));
    if (!queue)
        return -1;
    *found = false;
    for (uint32_t i = 0; i < count; i++)
        came[members[i]] = CODE_NONE;
    queue[0] = from;
    for (uint32_t head = 0, tail = 1; head < tail && !*found; head++) {
        struct callgraph_edges edges = callgraph_edges_of(graph, queue[head]);
        struct callgraph_edge edge;
        while (!*found && callgraph_next_edge(&edges, &edge)) {
            bool fresh = edge.node == target || (came[edge.node] == CODE_NONE && edge.node != from);
            if (depth->nodes[edge.node].component != component || is_cut(depth, edge.node) ||
                !fresh)
                continue;
            came[edge.node] = queue[head];
            by[edge.node] = edge.instruction;
            *found = edge.node == target;
            if (!*found)
                queue[tail++] = edge.node;
        }
    }
    free(queue);
    return 0;
}

struct steps {
    struct depth_step *items;
    size_t count;
    size_t capacity;
};

static int add_step(struct steps *steps, struct depth_step step)
{
    if (steps->count == steps->capacity) {
        size_t larger = steps->capacity ? steps->capacity * 2 : 32;
        struct depth_step *grown = reallocarray(steps->items, larger, sizeof(*grown));
        if (!grown)
            return -1;
        steps->items = grown;
        steps->capacity = larger;
    }
    steps->items[steps->count++] = step;
    return 0;
}

/* From a node to its component's deepest one, by tail jumps. */
static int walk_inside(const struct depth *depth, uint32_t node, uint32_t deepest,
                       struct steps *steps)
{
    size_t count = depth->graph->node_count;
    /* search() clears its part of them; clearing all, each time, would not be linear any more. */
    uint32_t *came = malloc(count * sizeof(*came));
    uint32_t *by = malloc(count * sizeof(*by));
    size_t first = steps->count;
    bool found;
    int result = -1;

    if (!came || !by || search(depth, node, deepest, came, by, &found))
        goto done;
    for (uint32_t at = deepest; found && at != node; at = came[at])
        if (add_step(steps, (struct depth_step){.node = came[at], .instruction = by[at]}))
            goto done;
    for (size_t i = first, j = steps->count; i + 1 < j; i++) { /* they were found last to first */
        struct depth_step swap = steps->items[i];
        steps->items[i] = steps->items[--j];
        steps->items[j] = swap;
    }
    result = 0;

done:
    free(came);
    free(by);
    return result;
}

int depth_path(const struct depth *depth, uint32_t node, struct depth_step **items, size_t *count)
{
    struct steps steps = {0};

    *items = NULL;
    *count = 0;
    while (node != CODE_NONE) {
        const struct depth_node *here = &depth->nodes[node];
        const struct depth_component *component = &depth->components[here->component];
        if (component->deepest != node && walk_inside(depth, node, component->deepest, &steps))
            goto no_memory;
        node = component->deepest;
        here = &depth->nodes[node];
        struct depth_step step = {
            .node = node, .bytes = here->next_cost, .instruction = here->next_instruction};
        if (here->next == CODE_NONE && !callgraph_is_set(depth->graph, node))
            step.bytes = depth->graph->frames.frames[node].depth;
        if (add_step(&steps, step))
            goto no_memory;
        node = here->next;
        if (node != CODE_NONE && is_cut(depth, node)) { /* it looks after itself */
            if (add_step(&steps, (struct depth_step){.node = node, .instruction = CODE_NONE}))
                goto no_memory;
            break;
        }
    }
    *items = steps.items;
    *count = steps.count;
    return 0;

no_memory:
    free(steps.items);
    return -1;
}

int depth_circle(const struct depth *depth, uint32_t node, uint32_t **circle, size_t *count)
{
    size_t nodes = depth->graph->node_count;
    uint32_t *came = malloc(nodes * sizeof(*came));
    uint32_t *by = malloc(nodes * sizeof(*by));
    uint32_t *list =
        calloc((size_t)depth->components[depth->nodes[node].component].count + 1, sizeof(*list));
    bool found = false;
    int result = -1;

    *circle = NULL;
    *count = 0;
    if (!came || !by || !list || search(depth, node, node, came, by, &found))
        goto done;
    size_t length = 0;
    if (found) { /* backwards, from the node on: callers after callees */
        uint32_t at = node;
        do {
            if (!callgraph_is_set(depth->graph, at))
                list[length++] = at;
            at = came[at];
        } while (at != node);
    }
    size_t kept = length && list[0] == node; /* the node itself stays first */
    for (size_t i = kept, j = length; i + 1 < j; i++) {
        uint32_t swap = list[i];
        list[i] = list[--j];
        list[j] = swap;
    }
    *circle = list;
    *count = length;
    list = NULL;
    result = 0;

done:
    free(came);
    free(by);
    free(list);
    return result;
}
