/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/tables.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int compare_tables(const void *a, const void *b)
{
    uint64_t left = ((const struct table *)a)->address;
    uint64_t right = ((const struct table *)b)->address;
    return left < right ? -1 : left > right;
}

static bool is_table(const struct object_symbol *symbol)
{
    return symbol->type == STT_OBJECT && symbol->bind == STB_LOCAL && symbol->size > 0 &&
           symbol->section != SHN_UNDEF && symbol->section < SHN_LORESERVE &&
           strncmp(symbol->name, TABLES_SYMBOL, strlen(TABLES_SYMBOL)) == 0;
}

int tables_find(const struct object *object, struct tables *tables)
{
    uint32_t count = 0;
    *tables = (struct tables){0};
    for (size_t i = 1; i < object->symbol_count; i++)
        count += is_table(&object->symbols[i]);
    if (count == 0)
        return 0;
    tables->items = calloc(count, sizeof(*tables->items));
    if (!tables->items)
        return -1;
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (is_table(symbol))
            tables->items[tables->count++] =
                (struct table){.address = symbol->value, .size = symbol->size};
    }
    qsort(tables->items, count, sizeof(*tables->items), compare_tables);
    /* The build's tables do not overlap. In an object that is made to have some that do, each place
     * is in one of them at most, or visiting all would not be linear. */
    for (uint32_t i = 1; i < count; i++) {
        struct table *before = &tables->items[i - 1];
        uint64_t room = tables->items[i].address - before->address;
        if (before->size > room)
            before->size = room;
    }
    return 0;
}

void tables_free(struct tables *tables)
{
    free(tables->items);
    *tables = (struct tables){0};
}

uint32_t tables_containing(const struct tables *tables, uint64_t address)
{
    uint32_t low = 0, high = tables->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tables->items[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0)
        return TABLES_NONE;
    const struct table *table = &tables->items[low - 1];
    return address - table->address < table->size ? low - 1 : TABLES_NONE;
}
