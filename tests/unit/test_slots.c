/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the virtual calls of tests/stack/virtual.s. */
#include "base/diag.h"
#include "base/file.h"
#include "linker/callgraph.h"
#include "linker/slots.h"
#include "linker/tables.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct image {
    struct diag *diag;
    char *output;
    size_t output_size;
    FILE *stream;
    char *bytes;
    size_t size;
    struct object *object;
    struct code *code;
};

static void read_image(struct image *image)
{
    *image = (struct image){0};
    image->stream = open_memstream(&image->output, &image->output_size);
    assert_non_null(image->stream);
    image->diag =
        diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER, .stream = image->stream});
    assert_int_equal(file_read(image->diag, REXC_TEST_VIRTUAL, 0, &image->bytes, &image->size), 0);
    assert_int_equal(object_view(image->diag, "virtual", (const uint8_t *)image->bytes, image->size,
                                 &image->object),
                     0);
    assert_int_equal(code_read(image->diag, image->object, NULL, &image->code), 0);
    assert_int_equal(image->code->problem_count, 0);
}

static void free_image(struct image *image)
{
    code_free(image->code);
    object_free(image->object);
    free(image->bytes);
    diag_free(image->diag);
    fclose(image->stream);
    free(image->output);
}

static void separate(struct image *image)
{
    assert_int_equal(slots_separate(image->diag, image->code, (uint8_t *)image->bytes), 0);
}

static uint32_t find(const struct image *image, const char *name)
{
    for (uint32_t i = 0; i < image->code->function_count; i++)
        if (strcmp(image->code->functions[i].name, name) == 0)
            return i;
    fail_msg("no function %s", name);
    return CODE_NONE;
}

static uint32_t id_of(const struct image *image, const char *function)
{
    return image->code->functions[find(image, function)].id;
}

/* The id that the call in a function demands. */
static uint32_t demanded_by(const struct image *image, const char *function)
{
    uint32_t caller = find(image, function);
    for (uint32_t i = 0; i < image->code->site_count; i++) {
        const struct code_site *site = &image->code->sites[i];
        if (image->code->instructions[site->instruction].function == caller)
            return site->id;
    }
    fail_msg("%s has no indirect call", function);
    return 0;
}

/* Whether some call could reach the function. */
static bool is_demanded(const struct image *image, uint32_t id)
{
    for (uint32_t i = 0; i < image->code->site_count; i++)
        if (image->code->sites[i].id == id)
            return true;
    return false;
}

static void slots_are_told_apart(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    separate(&image);
    uint32_t first = demanded_by(&image, "calls_apart_first");
    uint32_t second = demanded_by(&image, "calls_apart_second");
    assert_int_equal(first, 0x1018);
    assert_int_equal(second, 0x1020);
    assert_int_equal(id_of(&image, "apart_first"), first);
    assert_int_equal(id_of(&image, "apart_other_first"), first);
    assert_int_equal(id_of(&image, "apart_second"), second);
    assert_false(is_demanded(&image, id_of(&image, "apart_uncalled")));
    free_image(&image);
}

/* Where it cannot be told which slot a call reads, every function of the type stays within reach of
 * all that may call it: two calls and these functions have one id. */
static void assert_joined(const struct image *image, const char *one, const char *other,
                          const char *const *functions)
{
    uint32_t id = demanded_by(image, one);
    assert_int_equal(demanded_by(image, other), id);
    for (; *functions; functions++)
        if (id_of(image, *functions) != id)
            fail_msg("%s has id %x, not %x", *functions, id_of(image, *functions), id);
}

static void a_free_pointer_joins_slots(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    separate(&image);
    assert_joined(&image, "calls_pointer_first", "calls_pointer_second",
                  (const char *const[]){"pointer_first", "pointer_second", "pointer_free", NULL});
    assert_joined(&image, "calls_code_first", "calls_code_second",
                  (const char *const[]){"code_first", "code_second", NULL});
    free_image(&image);
}

static void a_call_of_unknown_slot_joins_slots(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    separate(&image);
    assert_joined(&image, "calls_unknown_first", "calls_unknown_any",
                  (const char *const[]){"unknown_first", "unknown_second", "unknown_third", NULL});
    free_image(&image);
}

static void a_function_at_two_slots_joins_these(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    separate(&image);
    assert_joined(&image, "calls_twice_first", "calls_twice_last",
                  (const char *const[]){"twice_both", NULL});
    assert_int_equal(id_of(&image, "twice_between"), demanded_by(&image, "calls_twice_between"));
    assert_int_not_equal(id_of(&image, "twice_between"), id_of(&image, "twice_both"));
    free_image(&image);
}

static void a_clash_of_ids_joins(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    separate(&image);
    assert_joined(&image, "calls_clash", "calls_clash",
                  (const char *const[]){"clash_plain", "clash_first", NULL});
    free_image(&image);
}

/* What is said of the code is what its bytes are. */
static void the_bytes_agree(void **state)
{
    struct image image;
    struct code *again;
    (void)state;
    read_image(&image);
    separate(&image);
    assert_int_equal(code_read(image.diag, image.object, NULL, &again), 0);
    assert_int_equal(again->problem_count, 0);
    assert_int_equal(again->function_count, image.code->function_count);
    for (uint32_t i = 0; i < again->function_count; i++)
        assert_int_equal(again->functions[i].id, image.code->functions[i].id);
    assert_int_equal(again->site_count, image.code->site_count);
    for (uint32_t i = 0; i < again->site_count; i++) {
        assert_true(again->sites[i].checked);
        assert_int_equal(again->sites[i].id, image.code->sites[i].id);
    }
    code_free(again);
    free_image(&image);
}

static void a_damaged_section_is_refused(void **state)
{
    struct image image;
    (void)state;
    read_image(&image);
    for (size_t i = 1; i < image.object->section_count; i++)
        if (strcmp(image.object->sections[i].name, ".rex_slots") == 0)
            image.object->sections[i].size -= 4;
    assert_int_equal(slots_separate(image.diag, image.code, (uint8_t *)image.bytes), -1);
    fflush(image.stream);
    assert_non_null(strstr(image.output, "damaged section .rex_slots"));
    free_image(&image);
}

static bool is_member(const struct image *image, const struct callgraph *graph, const char *name)
{
    uint32_t function = find(image, name);
    uint32_t index = callee_set_of(&graph->sets, image->code->functions[function].id);
    assert_int_not_equal(index, CODE_NONE);
    const struct callee_set *set = &graph->sets.sets[index];
    for (uint32_t i = 0; i < set->count; i++)
        if (graph->sets.members[set->first + i] == function)
            return true;
    return false;
}

static void tables_count_when_referred_to(void **state)
{
    struct image image;
    struct callgraph *graph;
    (void)state;
    read_image(&image);
    separate(&image);
    uint32_t root = find(&image, "program");
    assert_int_equal(callgraph_build(image.diag, image.code, &root, 1, &graph), 0);
    assert_true(is_member(&image, graph, "apart_first"));
    assert_true(graph->reachable[find(&image, "apart_first")]);
    assert_false(is_member(&image, graph, "apart_other_first"));
    assert_false(graph->reachable[find(&image, "apart_other_first")]);
    /* By way of the table that refers to its. */
    assert_true(graph->reachable[find(&image, "twice_super_only")]);
    /* In no table: it counts without being referred to. */
    assert_true(is_member(&image, graph, "pointer_free"));
    assert_false(is_member(&image, graph, "pointer_first"));
    callgraph_free(graph);
    free_image(&image);
}

/* An object that is made to have such tables must not cost the product of their numbers. */
static void tables_do_not_overlap(void **state)
{
    struct object_symbol symbols[] = {
        {.name = ""},
        {.name = "__rex_vtable", .size = 64, .value = 0x100},
        {.name = "__rex_vtable.1", .size = 8, .value = 0x110},
        {.name = "__rex_vtable.2", .size = 8, .value = 0x130},
    };
    for (size_t i = 1; i < 4; i++) {
        symbols[i].type = STT_OBJECT;
        symbols[i].section = 1;
    }
    const struct object object = {.symbols = symbols, .symbol_count = 4};
    struct tables tables;
    (void)state;
    assert_int_equal(tables_find(&object, &tables), 0);
    assert_int_equal(tables.count, 3);
    assert_int_equal(tables.items[0].size, 0x10);
    assert_int_equal(tables_containing(&tables, 0x10f), 0);
    assert_int_equal(tables_containing(&tables, 0x110), 1);
    assert_int_equal(tables_containing(&tables, 0x118), TABLES_NONE);
    assert_int_equal(tables_containing(&tables, 0x130), 2);
    assert_int_equal(tables_containing(&tables, 0x138), TABLES_NONE);
    tables_free(&tables);
}

/* A call's set is what is left of it, and so is what its call comes back from: the bound must be
 * that of the finished object, in which the others' ids are gone. */
static void what_only_others_come_back_from_is_left(void **state)
{
    struct image image;
    struct callgraph *graph;
    (void)state;
    read_image(&image);
    separate(&image);
    uint32_t root = find(&image, "stopped");
    assert_int_equal(callgraph_build(image.diag, image.code, &root, 1, &graph), 0);
    assert_true(graph->reachable[find(&image, "stop_first")]);
    assert_true(graph->reachable[find(&image, "late_first")]);
    assert_false(graph->reachable[find(&image, "stop_other")]);
    assert_false(graph->reachable[find(&image, "behind")]);
    assert_false(graph->reachable[find(&image, "late_other")]);
    assert_false(graph->reachable[find(&image, "beyond")]);
    assert_false(graph->returns.functions[root]);
    callgraph_free(graph);
    free_image(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_are_told_apart),
        cmocka_unit_test(a_free_pointer_joins_slots),
        cmocka_unit_test(a_call_of_unknown_slot_joins_slots),
        cmocka_unit_test(a_function_at_two_slots_joins_these),
        cmocka_unit_test(a_clash_of_ids_joins),
        cmocka_unit_test(the_bytes_agree),
        cmocka_unit_test(a_damaged_section_is_refused),
        cmocka_unit_test(tables_count_when_referred_to),
        cmocka_unit_test(tables_do_not_overlap),
        cmocka_unit_test(what_only_others_come_back_from_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
