/* SPDX-License-Identifier: Apache-2.0 */
/* Maps against the kernel's semantics: what bpf(BPF_MAP_CREATE) accepts, and what each helper
 * answers. */
#include "runtime/user/map.h"
#include "runtime/user/map_perf_event_array.h"
#include "runtime/user/map_ringbuf.h"
#include "runtime/user/map_stack_trace.h"

#include <errno.h>
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CPUS 2

static int try_create(unsigned type, unsigned key, unsigned value, unsigned entries, unsigned flags)
{
    const struct rex_map_definition definition = {
        .type = type, .key_size = key, .value_size = value, .max_entries = entries, .flags = flags};
    struct map *map = NULL;
    int error = map_create("m", &definition, CPUS, &map);

    assert_true((error == 0) == (map != NULL));
    map_destroy(map);
    return error;
}

static struct map *create(unsigned type, unsigned key, unsigned value, unsigned entries,
                          unsigned flags)
{
    const struct rex_map_definition definition = {
        .type = type, .key_size = key, .value_size = value, .max_entries = entries, .flags = flags};
    struct map *map = NULL;

    assert_int_equal(map_create("m", &definition, CPUS, &map), 0);
    return map;
}

static int64_t put(struct map *map, uint32_t key, uint64_t value, uint64_t flags)
{
    return map_update(map, 0, &key, &value, flags);
}

static uint64_t *get(struct map *map, uint32_t key)
{
    return map_lookup(map, 0, &key);
}

static int64_t take(struct map *map, uint32_t key)
{
    return map_remove(map, &key);
}

/* --- creation --- */

/* The table that other runtimes are compared with, too. */
static void test_definitions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned type, key, value, entries, flags;
        int error;
    } cases[] = {
#define MAP_DEFINITION(kind, key, value, entries, flags, error)                                    \
    {#kind " " #key " " #value " " #entries " " #flags,                                            \
     BPF_MAP_TYPE_##kind,                                                                          \
     key,                                                                                          \
     value,                                                                                        \
     entries,                                                                                      \
     flags,                                                                                        \
     error},
#include "tests/maps/definitions.def"
#undef MAP_DEFINITION
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int error = try_create(cases[i].type, cases[i].key, cases[i].value, cases[i].entries,
                               cases[i].flags);
        if (error != cases[i].error)
            fail_msg("%s: %d instead of %d", cases[i].text, error, cases[i].error);
    }
}

/* Where the user-space runtime is stricter, or kernels differ. */
static void test_other_definitions(void **state)
{
    (void)state;

    /* Kinds that objects may not have. */
    assert_int_equal(try_create(BPF_MAP_TYPE_PROG_ARRAY, 4, 4, 1, 0), -EINVAL);
    assert_int_equal(try_create(0, 4, 4, 1, 0), -EINVAL);
    assert_int_equal(try_create(9999, 4, 4, 1, 0), -EINVAL);
    /* -ENOMEM before the check of the size went into stable kernels. */
    assert_int_equal(try_create(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 32769, 1, 0), -E2BIG);
    assert_int_equal(try_create(BPF_MAP_TYPE_QUEUE, 0, 8, 0xffffffff, 0), -ENOMEM);
}

/* --- arrays --- */

static void test_array(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_ARRAY, 4, 8, 3, 0);

    assert_non_null(get(map, 0));
    assert_int_equal(*get(map, 2), 0);
    assert_null(get(map, 3));
    assert_null(get(map, 0xffffffff));
    assert_int_equal(put(map, 1, 11, BPF_ANY), 0);
    assert_int_equal(put(map, 1, 12, BPF_EXIST), 0);
    assert_int_equal(put(map, 1, 13, BPF_NOEXIST), -EEXIST);
    assert_int_equal(put(map, 3, 1, BPF_ANY), -E2BIG);
    assert_int_equal(put(map, 3, 1, BPF_NOEXIST), -E2BIG);
    assert_int_equal(put(map, 1, 1, 3), -EINVAL);
    assert_int_equal(put(map, 1, 1, BPF_F_LOCK), -EINVAL);
    assert_int_equal(*get(map, 1), 12);
    assert_int_equal(take(map, 1), -EINVAL);
    uint64_t value = 0;
    assert_int_equal(map_push(map, &value, 0), -EOPNOTSUPP);
    assert_int_equal(map_pop(map, &value), -EOPNOTSUPP);
    assert_int_equal(map_peek(map, &value), -EOPNOTSUPP);
    map_destroy(map);
}

static void test_array_lays_out_values_in_8_bytes(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_ARRAY, 4, 5, 2, 0);
    const uint32_t zero = 0, one = 1;

    assert_int_equal((uint8_t *)map_lookup(map, 0, &one) - (uint8_t *)map_lookup(map, 0, &zero), 8);
    map_destroy(map);
}

static void test_big_array_costs_nothing(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_ARRAY, 4, 1500, 3250000, 0);

    uint64_t *last = get(map, 3249999);
    assert_non_null(last);
    *last = 5;
    map_destroy(map);
}

static void test_percpu_array(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_PERCPU_ARRAY, 4, 8, 2, 0);
    const uint32_t key = 1;
    const uint64_t values[CPUS] = {10, 20};

    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(map_update(map, cpu, &key, &values[cpu], BPF_ANY), 0);
    for (unsigned cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(*(uint64_t *)map_lookup(map, cpu, &key), values[cpu]);
    assert_int_equal(put(map, 2, 0, BPF_ANY), -E2BIG);
    assert_int_equal(put(map, 1, 0, BPF_NOEXIST), -EEXIST);
    map_destroy(map);
}

static void test_read_only_for_programs(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_HASH, 4, 8, 2, BPF_F_RDONLY_PROG);

    assert_int_equal(put(map, 1, 1, BPF_ANY), -EACCES);
    assert_int_equal(take(map, 1), -EACCES);
    assert_null(get(map, 1));
    map_destroy(map);
}

/* --- hash maps --- */

static void check_hash(unsigned flags)
{
    struct map *map = create(BPF_MAP_TYPE_HASH, 4, 8, 3, flags);

    assert_null(get(map, 1));
    assert_int_equal(take(map, 1), -ENOENT);
    assert_int_equal(put(map, 1, 10, BPF_EXIST), -ENOENT);
    assert_int_equal(put(map, 1, 10, BPF_NOEXIST), 0);
    assert_int_equal(put(map, 1, 11, BPF_NOEXIST), -EEXIST);
    assert_int_equal(*get(map, 1), 10);
    assert_int_equal(put(map, 1, 11, BPF_EXIST), 0);
    assert_int_equal(*get(map, 1), 11);
    assert_int_equal(put(map, 1, 12, 3), -EINVAL);
    assert_int_equal(put(map, 1, 12, BPF_F_LOCK), -EINVAL);
    assert_int_equal(put(map, 2, 20, BPF_ANY), 0);
    assert_int_equal(put(map, 3, 30, BPF_ANY), 0);
    assert_int_equal(put(map, 4, 40, BPF_ANY), -E2BIG); /* full */
    assert_int_equal(put(map, 4, 40, BPF_EXIST), -ENOENT);
    assert_int_equal(put(map, 3, 31, BPF_ANY), 0); /* replacing still works */
    assert_int_equal(put(map, 2, 21, BPF_EXIST), 0);
    assert_int_equal(take(map, 1), 0);
    assert_null(get(map, 1));
    assert_int_equal(put(map, 4, 40, BPF_ANY), 0);
    assert_int_equal(*get(map, 2), 21);
    assert_int_equal(*get(map, 3), 31);
    assert_int_equal(*get(map, 4), 40);
    map_destroy(map);
}

static void test_hash(void **state)
{
    (void)state;
    check_hash(0);
    check_hash(BPF_F_NO_PREALLOC);
}

/* The model: what is in the map, by brute force. */
static void check_hash_against_model(unsigned flags)
{
    enum { KEYS = 40, ENTRIES = 25 };
    struct map *map = create(BPF_MAP_TYPE_HASH, 4, 8, ENTRIES, flags);
    uint64_t model[KEYS] = {0}, random = 1;
    unsigned count = 0;

    for (unsigned i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        uint32_t key = (uint32_t)(random >> 33) % KEYS;
        if ((random >> 62) == 0) {
            assert_int_equal(take(map, key), model[key] ? 0 : -ENOENT);
            count -= model[key] != 0;
            model[key] = 0;
        } else if (!model[key] && count == ENTRIES) {
            assert_int_equal(map_update(map, i % CPUS, &key, &random, BPF_ANY), -E2BIG);
        } else {
            const uint64_t value = random | 1;
            assert_int_equal(map_update(map, i % CPUS, &key, &value, BPF_ANY), 0);
            count += model[key] == 0;
            model[key] = value;
        }
        uint32_t probe = (uint32_t)(random >> 20) % KEYS;
        const uint64_t *found = get(map, probe);
        assert_true(model[probe] ? found && *found == model[probe] : !found);
    }
    map_destroy(map);
}

static void test_hash_against_model(void **state)
{
    (void)state;
    check_hash_against_model(0);
    check_hash_against_model(BPF_F_NO_PREALLOC);
}

/* A reference that a program keeps stays memory of the map, whatever happens to the element. */
static void test_hash_references_stay_valid(void **state)
{
    (void)state;
    static const unsigned kinds[] = {0, BPF_F_NO_PREALLOC};

    for (size_t i = 0; i < 2; i++) {
        struct map *map = create(BPF_MAP_TYPE_HASH, 4, 8, 2, kinds[i]);
        put(map, 1, 10, BPF_ANY);
        uint64_t *kept = get(map, 1);
        put(map, 1, 11, BPF_ANY);
        assert_int_equal(*kept, 10);
        take(map, 1);
        *kept = 12;
        put(map, 2, 20, BPF_ANY);
        put(map, 3, 30, BPF_ANY);
        *kept = 13; /* may be an element's value by now */
        map_destroy(map);
    }
}

/* --- queues and stacks --- */

static void test_queue(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_QUEUE, 0, 8, 2, 0);
    uint64_t value = 99;

    assert_int_equal(map_pop(map, &value), -ENOENT);
    assert_int_equal(value, 0); /* the kernel clears it */
    for (uint64_t i = 1; i <= 2; i++)
        assert_int_equal(map_push(map, &i, BPF_ANY), 0);
    value = 3;
    assert_int_equal(map_push(map, &value, BPF_ANY), -E2BIG);
    assert_int_equal(map_push(map, &value, BPF_NOEXIST), -EINVAL);
    assert_int_equal(map_push(map, &value, 4), -EINVAL);
    assert_int_equal(map_push(map, &value, BPF_EXIST), 0); /* 1 goes */
    assert_int_equal(map_peek(map, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(map_pop(map, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(map_pop(map, &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(map_peek(map, &value), -ENOENT);
    assert_null(get(map, 0));
    assert_int_equal(put(map, 0, 0, BPF_ANY), -EINVAL);
    assert_int_equal(take(map, 0), -EINVAL);
    map_destroy(map);
}

static void test_stack(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_STACK, 0, 8, 2, 0);
    uint64_t value = 99;

    assert_int_equal(map_peek(map, &value), -ENOENT);
    assert_int_equal(value, 0);
    for (uint64_t i = 1; i <= 2; i++)
        assert_int_equal(map_push(map, &i, BPF_ANY), 0);
    value = 3;
    assert_int_equal(map_push(map, &value, BPF_ANY), -E2BIG);
    assert_int_equal(map_push(map, &value, BPF_EXIST), 0); /* the oldest goes: 1 */
    assert_int_equal(map_peek(map, &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(map_pop(map, &value), 0);
    assert_int_equal(value, 3);
    assert_int_equal(map_pop(map, &value), 0);
    assert_int_equal(value, 2);
    assert_int_equal(map_pop(map, &value), -ENOENT);
    map_destroy(map);
}

static void collect(void *data, const void *key, const void *value, size_t size, const char *note)
{
    char *text = data;
    uint64_t number = 0;

    (void)key;
    memcpy(&number, value, size < 8 ? size : 8);
    sprintf(text + strlen(text), "%llu%s%s ", (unsigned long long)number, note ? "!" : "",
            note ? note : "");
}

static void test_each_in_order(void **state)
{
    (void)state;
    static const struct {
        unsigned type;
        const char *expected;
    } cases[] = {{BPF_MAP_TYPE_QUEUE, "3 4 5 "}, {BPF_MAP_TYPE_STACK, "5 4 3 "}};

    for (size_t i = 0; i < 2; i++) {
        struct map *map = create(cases[i].type, 0, 8, 3, 0);
        char text[64] = "";
        for (uint64_t value = 1; value <= 5; value++)
            map_push(map, &value, BPF_EXIST);
        map_each(map, collect, text);
        assert_string_equal(text, cases[i].expected);
        map_destroy(map);
    }
}

/* --- ring buffers --- */

static void test_ring_buffer(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_RINGBUF, 0, 0, 4096, 0);
    struct map *array = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
    char text[64] = "";
    const uint64_t seven = 7;

    assert_null(ringbuf_reserve(map, 8, 1));
    assert_null(ringbuf_reserve(map, 0xffffffff, 0));
    assert_null(ringbuf_reserve(map, UINT64_MAX, 0));
    assert_null(ringbuf_reserve(map, 4096 - 7, 0)); /* never fits with its header */
    assert_null(
        ringbuf_reserve(map, 4096 - 8, 0)); /* the producer may not catch up with the consumer */
    assert_null(ringbuf_reserve(array, 8, 0));
    assert_int_equal(ringbuf_query(map, BPF_RB_RING_SIZE), 4096);
    assert_int_equal(ringbuf_query(map, BPF_RB_AVAIL_DATA), 0);
    assert_int_equal(ringbuf_query(map, 99), 0);
    assert_int_equal(ringbuf_query(array, BPF_RB_RING_SIZE), 0);

    uint64_t *first = ringbuf_reserve(map, 8, 0);
    uint64_t *second = ringbuf_reserve(map, 5, 0);
    assert_non_null(first);
    assert_int_equal((uint8_t *)second - (uint8_t *)first, 16);
    assert_int_equal((uintptr_t)first % 8, 0);
    *first = 1;
    memcpy(second, "\2\0\0\0\0", 5);
    assert_int_equal(ringbuf_output(map, &seven, 8, 4), -EINVAL);
    assert_int_equal(ringbuf_output(map, &seven, 8, BPF_RB_NO_WAKEUP), 0);
    assert_int_equal(ringbuf_output(array, &seven, 8, 0), -EINVAL);
    assert_int_equal(ringbuf_query(map, BPF_RB_AVAIL_DATA), 48);
    assert_int_equal(ringbuf_query(map, BPF_RB_PROD_POS), 48);
    assert_int_equal(ringbuf_query(map, BPF_RB_CONS_POS), 0);
    ringbuf_commit(map, second, true);
    map_each(map, collect, text);
    assert_string_equal(text, "1!busy 2!discarded 7 ");
    ringbuf_commit(map, first, false);
    text[0] = '\0';
    map_each(map, collect, text);
    assert_string_equal(text, "1 2!discarded 7 ");

    unsigned more = 0;
    while (ringbuf_output(map, &seven, 8, 0) == 0)
        more++;
    assert_int_equal(more, (4095 - 48) / 16);
    assert_int_equal(ringbuf_output(map, &seven, 8, 0), -EAGAIN);
    assert_true(ringbuf_contains(map, first));
    assert_false(ringbuf_contains(map, &seven));
    assert_false(ringbuf_contains(array, first));
    assert_null(get(map, 0));
    assert_int_equal(put(map, 0, 0, 0), -EOPNOTSUPP);
    map_destroy(array);
    map_destroy(map);
}

/* --- stack traces --- */

static void test_stack_trace(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_STACK_TRACE, 4, 8 * 4, 1024, 0);
    struct map *single = create(BPF_MAP_TYPE_STACK_TRACE, 4, 8 * 4, 1, 0);
    struct map *array = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
    const uint64_t a[] = {1, 2, 3, 4, 5}, b[] = {1, 2, 3, 9};

    const int64_t id = stack_trace_id(map, a, 5, 0);
    assert_in_range(id, 0, 1023);
    assert_int_equal(stack_trace_id(map, a, 4, 0), id); /* cut to four addresses */
    assert_int_equal(stack_trace_id(map, a, 4, BPF_F_FAST_STACK_CMP), id);
    assert_int_equal(stack_trace_id(map, a, 0, 0), -EFAULT);
    assert_int_equal(stack_trace_id(map, a, 5, 5), -EFAULT);
    assert_true(stack_trace_id(map, a, 5, 4) >= 0);
    assert_int_equal(stack_trace_id(map, a, 5, 1u << 11), -EINVAL);
    assert_int_equal(stack_trace_id(array, a, 5, 0), -EINVAL);
    assert_int_equal(stack_trace_id(single, a, 4, 0), 0);
    assert_int_equal(stack_trace_id(single, b, 4, 0), -EEXIST);
    /* The kernel's has memory for one stack, and the new one needs it before the old is gone. */
    assert_int_equal(stack_trace_id(single, b, 4, BPF_F_REUSE_STACKID), -ENOMEM);
    assert_int_equal(stack_trace_id(single, a, 4, 0), 0);
    assert_int_equal(take(single, 1), -E2BIG);
    assert_int_equal(take(single, 0), 0);
    assert_int_equal(take(single, 0), -ENOENT);
    assert_int_equal(stack_trace_id(single, a, 4, 0), 0);
    assert_int_equal(put(map, 0, 0, 0), -EINVAL);
    assert_null(get(map, 0));

    /* More buckets than stacks: three fit into four places; then another takes one's place. */
    struct map *three = create(BPF_MAP_TYPE_STACK_TRACE, 4, 8, 3, 0);
    uint64_t frame = 0;
    int64_t stored = 0;
    for (unsigned kept = 0; kept < 3; frame++) {
        stored = stack_trace_id(three, &frame, 1, 0);
        kept += stored >= 0;
    }
    for (unsigned other = 0; other < 100; other++, frame++) {
        stored = stack_trace_id(three, &frame, 1, BPF_F_REUSE_STACKID);
        assert_int_equal(stored, -ENOMEM);
    }
    uint32_t taken = 0;
    while (take(three, taken) != 0)
        taken++;
    stored = stack_trace_id(three, &frame, 1, BPF_F_REUSE_STACKID);
    assert_in_range(stored, 0, 3);
    map_destroy(three);
    map_destroy(array);
    map_destroy(single);
    map_destroy(map);
}

/* --- perf event arrays --- */

static void test_perf_event_array(void **state)
{
    (void)state;
    struct map *map = create(BPF_MAP_TYPE_PERF_EVENT_ARRAY, 4, 4, 3, 0);
    struct map *array = create(BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0);
    const uint64_t seven = 7, eight = 8;
    char text[64] = "";

    assert_int_equal(perf_event_array_output(map, 0, BPF_F_CURRENT_CPU, &seven, 8), 0);
    assert_int_equal(perf_event_array_output(map, 1, 1, &eight, 8), 0);
    assert_int_equal(perf_event_array_output(map, 0, 1, &seven, 8), -EOPNOTSUPP);
    assert_int_equal(perf_event_array_output(map, 0, 2, &seven, 8), -ENOENT);
    assert_int_equal(perf_event_array_output(map, 0, 3, &seven, 8), -E2BIG);
    assert_int_equal(perf_event_array_output(map, 0, 1ull << 32, &seven, 8), -EINVAL);
    assert_int_equal(perf_event_array_output(array, 0, 0, &seven, 8), -EINVAL);
    assert_int_equal(perf_event_array_output(map, 0, 0, &seven, 70000), -E2BIG);
    map_each(map, collect, text);
    assert_string_equal(text, "7 8 ");
    int64_t result = 0;
    unsigned more = 0;
    while ((result = perf_event_array_output(map, 0, 0, &seven, 8)) == 0)
        more++;
    assert_int_equal(result, -ENOSPC);
    assert_int_equal(more, PERF_EVENT_ARRAY_BYTES / 12 - 1);
    map_destroy(array);
    map_destroy(map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definitions),
        cmocka_unit_test(test_other_definitions),
        cmocka_unit_test(test_array),
        cmocka_unit_test(test_array_lays_out_values_in_8_bytes),
        cmocka_unit_test(test_big_array_costs_nothing),
        cmocka_unit_test(test_percpu_array),
        cmocka_unit_test(test_read_only_for_programs),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_hash_against_model),
        cmocka_unit_test(test_hash_references_stay_valid),
        cmocka_unit_test(test_queue),
        cmocka_unit_test(test_stack),
        cmocka_unit_test(test_each_in_order),
        cmocka_unit_test(test_ring_buffer),
        cmocka_unit_test(test_stack_trace),
        cmocka_unit_test(test_perf_event_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
