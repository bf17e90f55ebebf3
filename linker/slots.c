/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/slots.h"

#include "base/diag.h"
#include "linker/tables.h"

#include <stdlib.h>
#include <string.h>

/* As in the section: a call's id stands for a virtual call, by a function's id, of what is `slot`
 * bytes from the table's beginning. */
struct record {
    uint32_t tag, id, slot;
};

/* Ids and functions that have to end with the same id are united: nodes of a forest (Tarjan), ids
 * first, then functions. */
struct separation {
    struct code *code;
    uint8_t *bytes;
    struct tables tables;
    struct record *records; /* by id, then slot */
    size_t record_count;
    uint32_t *ids; /* all there are, ascending */
    uint32_t id_count;
    uint32_t *parents;
    bool *demanded;  /* by id: a check of the image demands it */
    bool *tagging;   /* by id: it is the tag of a record */
    bool *plain;     /* by id: demanded by a check that is of no known slot */
    uint32_t *final; /* by node that is a root: the id of all that are united with it */
};

static int compare_records(const void *a, const void *b)
{
    const struct record *left = a, *right = b;
    if (left->id != right->id)
        return left->id < right->id ? -1 : 1;
    if (left->slot != right->slot)
        return left->slot < right->slot ? -1 : 1;
    return left->tag < right->tag ? -1 : left->tag > right->tag;
}

static int compare_ids(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static int no_memory(struct diag *diag)
{
    return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory while linking");
}

static int read_records(struct diag *diag, struct separation *all)
{
    const struct object *object = all->code->object;
    const struct object_section *section = object_section(object, ".rex_slots");
    if (!section)
        return 0;
    const uint8_t *content = object_section_bytes(object, section);
    if (!content || section->size % sizeof(struct record) != 0)
        return diag_error(diag, DIAG_LINK_IMAGE, NULL,
                          "the linked image has a damaged section .rex_slots");
    all->record_count = section->size / sizeof(struct record);
    all->records = calloc(all->record_count + 1, sizeof(*all->records));
    if (!all->records)
        return no_memory(diag);
    memcpy(all->records, content, section->size);
    qsort(all->records, all->record_count, sizeof(*all->records), compare_records);
    return 0;
}

/* --- the forest --- */

static uint32_t id_node(const struct separation *all, uint32_t id)
{
    const uint32_t *found = bsearch(&id, all->ids, all->id_count, sizeof(id), compare_ids);
    return (uint32_t)(found - all->ids); /* every id of the image and the records is there */
}

static uint32_t function_node(const struct separation *all, uint32_t function)
{
    return all->id_count + function;
}

static uint32_t root_of(struct separation *all, uint32_t node)
{
    while (all->parents[node] != node) {
        all->parents[node] = all->parents[all->parents[node]];
        node = all->parents[node];
    }
    return node;
}

static void unite(struct separation *all, uint32_t a, uint32_t b)
{
    uint32_t left = root_of(all, a), right = root_of(all, b);
    if (left < right)
        all->parents[right] = left;
    else
        all->parents[left] = right;
}

static int make_forest(struct diag *diag, struct separation *all)
{
    const struct code *code = all->code;
    size_t most = (size_t)code->function_count + code->site_count + 2 * all->record_count;
    uint32_t *ids = all->ids = calloc(most + 1, sizeof(*all->ids));
    uint32_t count = 0;
    if (!ids)
        return no_memory(diag);
    for (uint32_t i = 0; i < code->function_count; i++)
        if (code->functions[i].prefix != CODE_NONE)
            ids[count++] = code->functions[i].id;
    for (uint32_t i = 0; i < code->site_count; i++)
        if (code->sites[i].checked)
            ids[count++] = code->sites[i].id;
    for (size_t i = 0; i < all->record_count; i++) {
        ids[count++] = all->records[i].tag;
        ids[count++] = all->records[i].id;
    }
    qsort(ids, count, sizeof(*ids), compare_ids);
    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || ids[i] != ids[all->id_count - 1])
            ids[all->id_count++] = ids[i];
    size_t nodes = (size_t)all->id_count + code->function_count;
    all->parents = calloc(nodes + 1, sizeof(*all->parents));
    all->final = calloc(nodes + 1, sizeof(*all->final));
    all->demanded = calloc((size_t)all->id_count + 1, sizeof(*all->demanded));
    all->tagging = calloc((size_t)all->id_count + 1, sizeof(*all->tagging));
    all->plain = calloc((size_t)all->id_count + 1, sizeof(*all->plain));
    if (!all->parents || !all->final || !all->demanded || !all->tagging || !all->plain)
        return no_memory(diag);
    for (uint32_t i = 0; i < nodes; i++)
        all->parents[i] = i;
    for (size_t i = 0; i < all->record_count; i++)
        all->tagging[id_node(all, all->records[i].tag)] = true;
    return 0;
}

/* --- what belongs together --- */

/* The first record of an id at that slot or behind it. */
static size_t first_record(const struct separation *all, uint32_t id, uint32_t slot)
{
    struct record key = {.id = id, .slot = slot};
    size_t low = 0, high = all->record_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_records(&all->records[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The slots of an id are not told apart. */
static void join_slots(struct separation *all, uint32_t id)
{
    for (size_t i = first_record(all, id, 0); i < all->record_count && all->records[i].id == id;
         i++)
        unite(all, id_node(all, all->records[i].tag), id_node(all, id));
}

static void add_demands(struct separation *all)
{
    const struct code *code = all->code;
    for (uint32_t i = 0; i < code->site_count; i++) {
        if (!code->sites[i].checked)
            continue;
        uint32_t node = id_node(all, code->sites[i].id);
        all->demanded[node] = true;
        /* A function pointer's call, or a virtual one whose slot the pass did not see. */
        all->plain[node] = !all->tagging[node];
    }
}

/* Whoever calls through a pointer to the function. */
static void add_plain(struct separation *all, uint32_t function)
{
    if (all->code->functions[function].prefix == CODE_NONE)
        return;
    uint32_t id = all->code->functions[function].id;
    unite(all, function_node(all, function), id_node(all, id));
    join_slots(all, id);
}

/* Whoever calls through that slot of a table, or through one that is not known. */
static void add_slot(struct separation *all, uint32_t function, uint32_t slot)
{
    if (all->code->functions[function].prefix == CODE_NONE)
        return;
    uint32_t id = all->code->functions[function].id;
    if (all->plain[id_node(all, id)])
        unite(all, function_node(all, function), id_node(all, id));
    for (size_t i = first_record(all, id, slot);
         i < all->record_count && all->records[i].id == id && all->records[i].slot == slot; i++)
        unite(all, function_node(all, function), id_node(all, all->records[i].tag));
}

static void add_relocations(struct separation *all)
{
    const struct object *object = all->code->object;
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        uint32_t function = relocation->type == R_X86_64_RELATIVE && relocation->addend >= 0
                                ? code_function_at(all->code, (uint64_t)relocation->addend)
                                : CODE_NONE;
        if (function == CODE_NONE)
            continue;
        uint32_t table = tables_containing(&all->tables, relocation->offset);
        uint64_t slot =
            table == TABLES_NONE ? 0 : relocation->offset - all->tables.items[table].address;
        if (table == TABLES_NONE || slot > UINT32_MAX)
            add_plain(all, function);
        else
            add_slot(all, function, (uint32_t)slot);
    }
}

static void add_references(struct separation *all)
{
    const struct code *code = all->code;
    for (uint32_t i = 0; i < code->instruction_count; i++) {
        uint32_t function = code->instructions[i].facts & CODE_RIP_RELATIVE
                                ? code_function_at(code, code->instructions[i].target)
                                : CODE_NONE;
        if (function != CODE_NONE)
            add_plain(all, function);
    }
}

/* --- the result --- */

/* All that are united get the least of their ids that a check demands. */
static void choose_ids(struct separation *all)
{
    for (uint32_t pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < all->id_count; i++) {
            uint32_t root = root_of(all, i);
            if (all->final[root] == 0 && (pass == 1 || all->demanded[i]))
                all->final[root] = all->ids[i];
        }
    }
}

/* The last four bytes of the instruction are its immediate operand. */
static void write_immediate(struct separation *all, uint32_t index, uint32_t value)
{
    const struct code_instruction *instruction = &all->code->instructions[index];
    ptrdiff_t offset = code_bytes(all->code, index) - all->code->object->bytes;
    for (unsigned i = 0; i < 4; i++)
        all->bytes[offset + instruction->length - 4 + i] = (uint8_t)(value >> (8 * i));
}

static void write_ids(struct separation *all)
{
    struct code *code = all->code;
    for (uint32_t i = 0; i < code->function_count; i++) {
        struct code_function *function = &code->functions[i];
        uint32_t id =
            function->prefix == CODE_NONE ? 0 : all->final[root_of(all, function_node(all, i))];
        if (id == 0 || id == function->id)
            continue;
        write_immediate(all, function->prefix, id);
        function->id = id;
    }
    for (uint32_t i = 0; i < code->site_count; i++) {
        struct code_site *site = &code->sites[i];
        uint32_t id = site->checked ? all->final[root_of(all, id_node(all, site->id))] : 0;
        if (id == 0 || id == site->id)
            continue;
        /* mov r10d, -ID ; add ; je ; ud2 ; call */
        write_immediate(all, site->instruction - 4, 0u - id);
        site->id = id;
    }
}

int slots_separate(struct diag *diag, struct code *code, uint8_t *bytes)
{
    struct separation all = {.code = code, .bytes = bytes};
    int result = read_records(diag, &all);

    if (result || all.record_count == 0)
        goto out;
    result = -1;
    if (tables_find(code->object, &all.tables)) {
        no_memory(diag);
        goto out;
    }
    if (make_forest(diag, &all))
        goto out;
    add_demands(&all);
    add_relocations(&all);
    add_references(&all);
    choose_ids(&all);
    write_ids(&all);
    result = 0;
out:
    tables_free(&all.tables);
    free(all.records);
    free(all.ids);
    free(all.parents);
    free(all.final);
    free(all.demanded);
    free(all.tagging);
    free(all.plain);
    return result;
}
