/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chart's rows are a tree: of all ways from the root to a function the deepest one. Depths from
 * the root come from one pass over the components, callers first; the tree is then walked with the
 * deepest subtree first.
 */
#include "linker/stack_svg.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "linker/depth.h"
#include "linker/imports.h"
#include "linker/stack_path.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 300u /* of one chart */
#define CHARTS_MAX 64u
#define WIDTH 1240u /* room for a label of LABEL_COLUMNS behind the rightmost bar */
#define MARGIN 20u
#define BARS 760u /* where bars are; labels may go on to the right */
#define ROW UINT64_C(18)
#define BAR 12u
#define LABEL_COLUMNS 60u
#define TITLE_COLUMNS 80u /* of the name in it */
#define NONE UINT32_MAX

/* A node as a part of the current chart. */
struct place {
    uint32_t parent; /* the function above it; NONE: not in the chart, or its root */
    uint32_t first;  /* its children, a list */
    uint32_t sibling;
    uint64_t start;   /* bytes below the root's entry */
    uint64_t deepest; /* the same of the deepest point at or below it */
    uint32_t row;
    bool seen;
    bool indirect; /* called through a set */
    bool tail;
};

struct chart {
    const struct stack_result *result;
    const struct callgraph *graph;
    const struct depth *depth;
    const bool *cut;
    struct debug_info *info;
    struct buffer *out;
    struct place *places; /* by node */
    uint32_t *order;      /* functions of the chart, callers before callees */
    uint32_t count;
    uint32_t *stack;
    uint32_t *rows; /* functions in row order */
    uint32_t row_count;
    uint64_t top; /* y of the next chart */
};

static void reach(struct chart *chart, uint32_t node, uint32_t parent, uint64_t start,
                  const struct callgraph_edge *edge, bool indirect)
{
    struct place *place = &chart->places[node];
    if (place->seen && place->start >= start)
        return;
    place->seen = true;
    place->parent = parent;
    place->start = start;
    place->indirect = indirect;
    place->tail = edge && edge->tail && edge->cost == 0;
}

/* Gives every node below the root its depth. A circle of tail jumps is at one depth altogether. */
static void place_all(struct chart *chart, uint32_t root)
{
    const struct depth *depth = chart->depth;
    memset(chart->places, 0, chart->graph->node_count * sizeof(*chart->places));
    for (uint32_t i = 0; i < chart->graph->node_count; i++)
        chart->places[i].parent = chart->places[i].first = chart->places[i].sibling = NONE;
    chart->count = 0;
    reach(chart, root, NONE, 0, NULL, false);
    for (uint32_t c = depth->nodes[root].component + 1; c-- > 0;) {
        const struct depth_component *component = &depth->components[c];
        const uint32_t *members = depth->members + component->first;
        uint64_t start = 0;
        uint32_t parent = NONE;
        bool seen = false;
        for (uint32_t i = 0; i < component->count; i++) {
            const struct place *place = &chart->places[members[i]];
            if (!place->seen || (seen && place->start < start))
                continue;
            seen = true;
            start = place->start;
            parent = place->parent;
        }
        for (uint32_t i = 0; seen && i < component->count; i++) {
            uint32_t node = members[i];
            struct callgraph_edges edges = callgraph_edges_of(chart->graph, node);
            struct callgraph_edge edge;
            if (chart->cut[node] && node != root)
                continue;
            if (!chart->places[node].seen)
                reach(chart, node, parent, start, NULL, false);
            bool set = callgraph_is_set(chart->graph, node);
            if (!set)
                chart->order[chart->count++] = node;
            uint32_t above = set ? chart->places[node].parent : node;
            while (callgraph_next_edge(&edges, &edge))
                if (depth->nodes[edge.node].component != c && edge.node != root)
                    reach(chart, edge.node, above, chart->places[node].start + edge.cost, &edge,
                          set);
        }
    }
    /* What a check guards has a chart of its own. */
    for (uint32_t i = 0; i < chart->graph->code->function_count; i++)
        if (chart->cut[i] && i != root && chart->places[i].seen)
            chart->order[chart->count++] = i;
}

static uint64_t own_depth(const struct chart *chart, uint32_t function)
{
    return chart->cut[function] && chart->places[function].parent != NONE
               ? 0
               : chart->graph->frames.frames[function].depth;
}

/* Links children to parents, so that the deepest child comes first; then numbers the rows. */
static void order_rows(struct chart *chart, uint32_t root)
{
    uint32_t waiting = 0;
    for (uint32_t i = chart->count; i-- > 0;) { /* callees first */
        struct place *place = &chart->places[chart->order[i]];
        uint64_t end = place->start + own_depth(chart, chart->order[i]);
        place->deepest = end > place->deepest ? end : place->deepest;
        if (place->parent == NONE)
            continue;
        struct place *parent = &chart->places[place->parent];
        uint32_t *link = &parent->first;
        parent->deepest = place->deepest > parent->deepest ? place->deepest : parent->deepest;
        /* Deepest last here: the stack below turns the order around. Only the head is kept in
         * order, which is the one that matters. */
        if (*link != NONE && chart->places[*link].deepest > place->deepest)
            link = &chart->places[*link].sibling;
        place->sibling = *link;
        *link = chart->order[i];
    }
    chart->row_count = 0;
    chart->stack[waiting++] = root;
    while (waiting && chart->row_count < ROWS_MAX) {
        uint32_t function = chart->stack[--waiting];
        uint32_t first = waiting;
        chart->places[function].row = chart->row_count;
        chart->rows[chart->row_count++] = function;
        for (uint32_t i = chart->places[function].first; i != NONE; i = chart->places[i].sibling)
            chart->stack[waiting++] = i;
        for (uint32_t i = first, j = waiting; i + 1 < j; i++) {
            uint32_t swap = chart->stack[i];
            chart->stack[i] = chart->stack[--j];
            chart->stack[j] = swap;
        }
    }
}

static void put_escaped(struct buffer *out, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            buffer_string(out, "&amp;");
            break;
        case '<':
            buffer_string(out, "&lt;");
            break;
        case '>':
            buffer_string(out, "&gt;");
            break;
        case '"':
            buffer_string(out, "&quot;");
            break;
        default:
            if ((unsigned char)*text >= 0x20) /* XML 1.0 has no other control characters */
                buffer_char(out, *text);
        }
    }
}

static const char *kind_of(const struct chart *chart, uint32_t function, uint32_t root)
{
    if (chart->graph->code->functions[function].kind == CODE_IMPORT_THUNK)
        return "import";
    if (chart->cut[function] && function != root)
        return "check";
    return chart->graph->returns.functions[function] || function == root ? "call" : "panic";
}

static uint64_t scaled(uint64_t bytes, uint64_t all)
{
    return all ? bytes * BARS / all : 0;
}

/* On the deepest path of the chart. */
static bool is_deepest(const struct chart *chart, uint32_t function, uint32_t root)
{
    return chart->places[function].deepest == chart->places[root].deepest &&
           (function == root || chart->places[chart->places[function].parent].first == function);
}

static void put_row(struct chart *chart, uint32_t function, uint32_t root, uint64_t all,
                    bool *on_deepest)
{
    const struct code *code = chart->graph->code;
    const struct place *place = &chart->places[function];
    struct buffer *out = chart->out;
    struct stack_frame frame = {.function = function, .instruction = CODE_NONE};
    struct source_frame source;
    struct buffer label = {0};
    char *name = stack_function_name(code, function);
    uint64_t own = own_depth(chart, function);
    uint64_t x = MARGIN + scaled(place->start, all), y = chart->top + place->row * ROW;
    uint64_t width = scaled(own, all);
    bool deepest = is_deepest(chart, function, root) &&
                   (function == root || on_deepest[chart->places[place->parent].row]);

    on_deepest[place->row] = deepest;
    if (!name)
        out->failed = true;
    if (place->parent != NONE) {
        uint64_t above = chart->top + chart->places[place->parent].row * ROW + BAR;
        buffer_format(out,
                      "<path class=\"edge%s%s\" d=\"M%" PRIu64 " %" PRIu64 "V%" PRIu64 "\"/>\n",
                      place->indirect ? " set" : "", deepest ? " deepest" : "", x, above,
                      y + (deepest ? BAR : BAR / 2));
    }
    buffer_format(out, "<g class=\"%s%s\"><title>", kind_of(chart, function, root),
                  deepest ? " deepest" : "");
    put_escaped(out, name ? name : "");
    if (stack_frame_source(chart->info, code, &frame, &source)) {
        buffer_string(out, " (");
        put_escaped(out, source.file);
        buffer_format(out, ":%u)", source.line);
    }
    buffer_format(out,
                  "\n%" PRIu64 " bytes of its own, from %" PRIu64 " to %" PRIu64
                  " below the entry; the deepest point at or below it is at %" PRIu64 "%s</title>",
                  own, place->start, place->start + own, place->deepest,
                  place->indirect ? "\ncalled through a pointer"
                  : place->tail   ? "\njumped to"
                                  : "");
    buffer_format(out,
                  "<rect x=\"%" PRIu64 "\" y=\"%" PRIu64 "\" width=\"%" PRIu64
                  "\" height=\"%u\" rx=\"2\"/>",
                  x, y, width ? width : 2, BAR);
    stack_shorten(&label, name ? name : "", LABEL_COLUMNS);
    buffer_format(out, "<text x=\"%" PRIu64 "\" y=\"%" PRIu64 "\">+%" PRIu64 "  ",
                  x + (width ? width : 2) + 6, y + BAR - 2, own);
    put_escaped(out, label.data ? label.data : "");
    buffer_string(out, "</text></g>\n");
    out->failed |= label.failed;
    buffer_free(&label);
    free(name);
}

/* A line below which there is no stack, when it is near enough to be seen. */
static void put_limit(struct chart *chart, uint64_t limit, uint64_t all)
{
    if (limit == 0 || limit > all)
        return;
    uint64_t x = MARGIN + scaled(limit, all);
    buffer_format(chart->out,
                  "<path class=\"limit\" d=\"M%" PRIu64 " %" PRIu64 "V%" PRIu64 "\"/>\n", x,
                  chart->top - 4, chart->top + chart->row_count * ROW);
}

static void put_chart(struct chart *chart, uint32_t root, const char *title, uint64_t limit)
{
    bool on_deepest[ROWS_MAX] = {false};

    place_all(chart, root);
    order_rows(chart, root);
    chart->top += 34;
    buffer_format(chart->out, "<text class=\"title\" x=\"%u\" y=\"%" PRIu64 "\">", MARGIN,
                  chart->top - 12);
    put_escaped(chart->out, title);
    buffer_string(chart->out, "</text>\n");
    uint64_t all = chart->places[root].deepest;
    /* A limit that is not far away belongs into the picture. */
    if (limit > all && limit < 2 * all)
        all = limit;
    for (uint32_t i = 0; i < chart->row_count; i++)
        put_row(chart, chart->rows[i], root, all, on_deepest);
    put_limit(chart, limit, all);
    chart->top += chart->row_count * ROW;
    if (chart->row_count < chart->count) {
        chart->top += ROW;
        buffer_format(chart->out,
                      "<text x=\"%u\" y=\"%" PRIu64 "\">... and %u more functions, none of them "
                      "deeper</text>\n",
                      MARGIN, chart->top - 4, chart->count - chart->row_count);
    }
}

static void put_root(struct chart *chart, const struct stack_root *root, const char *what)
{
    struct buffer title = {0}, name = {0};
    stack_shorten(&name, root->name, TITLE_COLUMNS);
    buffer_format(&title, "%s (%s): %" PRIu32 " bytes%s; the limit is %" PRIu32,
                  name.data ? name.data : "", what, root->bound,
                  root->checked ? " to the first stack check" : "", root->limit);
    put_chart(chart, root->function, title.data ? title.data : "", root->limit);
    chart->out->failed |= title.failed || name.failed;
    buffer_free(&title);
    buffer_free(&name);
}

static void put_check(struct chart *chart, const struct stack_check *check)
{
    struct buffer title = {0}, name = {0};
    char *function = stack_function_name(chart->graph->code, check->function);
    stack_shorten(&name, function ? function : "", TITLE_COLUMNS);
    buffer_format(&title, "behind the stack check of %s: %" PRIu32 " bytes to the next check",
                  name.data ? name.data : "", check->need);
    put_chart(chart, check->function, title.data ? title.data : "", 0);
    chart->out->failed |= !function || title.failed || name.failed;
    buffer_free(&title);
    buffer_free(&name);
    free(function);
}

/* Colours that keep their contrast on a light and on a dark page. */
static const char style[] =
    "<style>\n"
    "svg{background:#fff;font:11px monospace;--ink:#1c1c1c;--faint:#8a8a8a;--call:#3b76c4;"
    "--panic:#c9792b;--import:#7d7d7d;--check:#2c8a57;--limit:#c02a2a}\n"
    "@media (prefers-color-scheme:dark){svg{background:#17191c;--ink:#e4e4e4;--faint:#80868e;"
    "--call:#6ba3ee;--panic:#e8a35c;--import:#9aa0a6;--check:#58bd86;--limit:#ff7a70}}\n"
    "text{fill:var(--ink);white-space:pre}.title{font-weight:bold;font-size:13px}"
    ".call rect{fill:var(--call)}.panic rect{fill:var(--panic)}.import rect{fill:var(--import)}"
    ".check rect{fill:var(--check)}rect{opacity:.55}.deepest rect{opacity:1}"
    ".deepest text{font-weight:bold}path{fill:none;stroke:var(--faint)}.set{stroke-dasharray:3 2}"
    ".edge.deepest{stroke:var(--ink);stroke-width:1.5}"
    ".limit{stroke:var(--limit);stroke-width:2}\n</style>\n";

static void put_legend(struct chart *chart)
{
    static const struct {
        const char *class, *text;
    } entries[] = {
        {"call", "function: as wide as its frame, at its place on the stack"},
        {"panic", "never returns: panic, timeout"},
        {"check", "has a stack check"},
        {"import", "import"},
    };
    uint64_t x = MARGIN;
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        buffer_format(chart->out,
                      "<g class=\"%s\"><rect x=\"%" PRIu64 "\" y=\"12\" width=\"14\" height=\"%u\" "
                      "rx=\"2\"/><text x=\"%" PRIu64 "\" y=\"22\">%s</text></g>\n",
                      entries[i].class, x, BAR, x + 20, entries[i].text);
        x += 40 + 7 * strlen(entries[i].text);
    }
    chart->top = 30;
}

static void put_charts(struct chart *chart)
{
    const struct stack_result *result = chart->result;
    size_t left = CHARTS_MAX;
    put_legend(chart);
    for (size_t i = 0; i < result->program_count && left > 1; i++, left--)
        put_root(chart, &result->programs[i],
                 program_type_name((unsigned)result->programs[i].type));
    put_root(chart, &result->panic, "panic message, on a stack of its own");
    for (size_t i = 0; i < result->check_count && left > 0; i++, left--)
        put_check(chart, &result->checks[i]);
}

int stack_report_svg(struct diag *diag, const struct stack_result *result, struct buffer *out)
{
    const struct callgraph *graph = result->graph;
    size_t count = (size_t)graph->node_count + 1;
    bool *cut = calloc(count, sizeof(*cut));
    struct buffer body = {0};
    struct depth depth = {0};
    struct chart chart = {
        .result = result,
        .graph = graph,
        .depth = &depth,
        .cut = cut,
        .out = &body,
        .places = calloc(count, sizeof(*chart.places)),
        .order = calloc(count, sizeof(*chart.order)),
        .stack = calloc(count, sizeof(*chart.stack)),
        .rows = calloc(ROWS_MAX, sizeof(*chart.rows)),
    };
    bool no_memory = true;

    if (!cut || !chart.places || !chart.order || !chart.stack || !chart.rows)
        goto done;
    for (size_t i = 0; i < result->check_count; i++)
        cut[result->checks[i].function] = true;
    if (depth_compute(graph, cut, &depth) ||
        debug_info_open(diag, "the object", graph->code->object, &chart.info))
        goto done;
    put_charts(&chart);
    buffer_format(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%" PRIu64
                  "\" viewBox=\"0 0 %u %" PRIu64 "\">\n<title>Stack of the object's "
                  "programs</title>\n%s",
                  WIDTH, chart.top + MARGIN, WIDTH, chart.top + MARGIN, style);
    buffer_append(out, body.data ? body.data : "", body.length);
    buffer_string(out, "</svg>\n");
    no_memory = out->failed || body.failed;
done:
    debug_info_close(chart.info);
    depth_free(&depth);
    buffer_free(&body);
    free(chart.places);
    free(chart.order);
    free(chart.stack);
    free(chart.rows);
    free(cut);
    return no_memory ? diag_error(diag, DIAG_OUT_OF_MEMORY, NULL,
                                  "out of memory while drawing the call graph")
                     : 0;
}
