/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "bits.h"
#include "fault.h"
#include "linker/btf.h"
#include "linker/btf_types.h"
#include "linker/object.h"
#include "small_object.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static FILE *sink;
static struct diag *diag;
static struct buffer btf;       /* of btf_maps.rs */
static struct map_types *types; /* as read from it */

/* An object whose .BTF section is those bytes. */
static struct object *object_with(const void *bytes, size_t size)
{
    struct small_object small;
    struct buffer file = {0};
    struct object *object;
    small_object_make(&small);
    small.sections[SMALL_NOTE].sh_name = small.btf_name;
    small.sections[SMALL_NOTE].sh_offset = small.size;
    small.sections[SMALL_NOTE].sh_size = size;
    buffer_append(&file, small.bytes, small.size);
    buffer_append(&file, bytes, size);
    assert_int_equal(object_read(diag, "test", file.data, file.length, &object), 0);
    buffer_free(&file);
    return object;
}

static int begin_all(void **state)
{
    (void)state;
    struct diag_options options = {.stream = fopen("/dev/null", "w")};
    struct object *object;
    sink = options.stream;
    diag = diag_new(&options);
    libbpf_set_print(NULL);
    if (object_read_file(diag, BTF_MAPS, &object) || btf_write(diag, BTF_MAPS, object, &btf))
        return -1;
    object_free(object);
    object = object_with(btf.data, btf.length);
    int result = map_types_read(diag, "test", object, &types);
    object_free(object);
    return result;
}

static int end_all(void **state)
{
    (void)state;
    map_types_free(types);
    buffer_free(&btf);
    diag_free(diag);
    return fclose(sink);
}

static void expect_type(const char *map, enum map_part part, const char *expected)
{
    struct buffer name = {0};
    bool found = map_types_name(types, map, part, &name);
    if (expected) {
        assert_true(found);
        assert_string_equal(name.data, expected);
    } else {
        assert_false(found);
    }
    buffer_free(&name);
}

static void expect_text(const char *map, enum map_part part, const void *bytes, size_t size,
                        const char *expected)
{
    struct buffer text = {0};
    bool printed = map_types_format(types, map, part, bytes, size, &text);
    if (expected) {
        assert_true(printed);
        assert_string_equal(text.data, expected);
    } else {
        assert_false(printed);
        assert_int_equal(text.length, 0);
    }
    buffer_free(&text);
}

static void expect_json(const char *map, enum map_part part, const void *bytes, size_t size,
                        const char *expected)
{
    json_t *json = map_types_json(types, map, part, bytes, size);
    assert_non_null(json);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

static void maps_have_their_types(void **state)
{
    (void)state;
    expect_type("A_ARRAY", MAP_KEY, "u32");
    expect_type("A_ARRAY", MAP_VALUE, "u64");
    expect_type("B_HASH", MAP_KEY, "Key");
    expect_type("B_HASH", MAP_VALUE, "Value");
    expect_type("C_STACK", MAP_KEY, NULL);
    expect_type("C_STACK", MAP_VALUE, "Generic_btf_maps_Key");
    expect_type("D_RINGBUF", MAP_KEY, NULL);
    expect_type("D_RINGBUF", MAP_VALUE, NULL);
    expect_type("E_FLOAT", MAP_KEY, "i8");
    expect_type("NONE", MAP_KEY, NULL);

    uint32_t key, value;
    map_types_ids(types, "B_HASH", &key, &value);
    assert_true(key != 0 && value != 0 && key != value);
    map_types_ids(types, "D_RINGBUF", &key, &value);
    assert_true(key == 0 && value == 0);
}

static void integers_print(void **state)
{
    (void)state;
    static const uint64_t big = UINT64_MAX, small = 7;
    static const int8_t minus = -5;
    static const double half = 0.5;
    expect_text("A_ARRAY", MAP_VALUE, &small, 8, "7");
    expect_text("A_ARRAY", MAP_VALUE, &big, 8, "18446744073709551615");
    expect_json("A_ARRAY", MAP_VALUE, &big, 8, "\"18446744073709551615\"");
    expect_json("A_ARRAY", MAP_VALUE, &small, 8, "7");
    expect_text("E_FLOAT", MAP_KEY, &minus, 1, "-5");
    expect_text("E_FLOAT", MAP_VALUE, &half, 8, "0.5");
}

static void sizes_have_to_fit(void **state)
{
    (void)state;
    static const uint8_t bytes[64];
    expect_text("A_ARRAY", MAP_VALUE, bytes, 4, NULL);
    expect_text("A_ARRAY", MAP_VALUE, bytes, 9, NULL);
    expect_text("D_RINGBUF", MAP_VALUE, bytes, 0, NULL);
    assert_null(map_types_json(NULL, "A_ARRAY", MAP_KEY, bytes, 4));
}

static void structures_print(void **state)
{
    (void)state;
    static const uint8_t key[16] = {9, 0, 0xfe, 0xff, 10, 0, 0, 1, 42};
    expect_text("B_HASH", MAP_KEY, key, sizeof(key),
                "Key { tag: 9, port: -2, address: [10, 0, 0, 1], serial: 42 }");
    expect_json("B_HASH", MAP_KEY, key, sizeof(key),
                "{\"tag\":9,\"port\":-2,\"address\":[10,0,0,1],\"serial\":42}");

    static const uint8_t value[96] = {
        [0] = 3,                 /* newtype */
        [4] = 200,               /* state: Gone */
        [5] = 1,                 /* flag */
        [6] = 0xfe,  [7] = 0xff, /* signed: Minus */
        [13] = 1,                /* wide: High */
        [16] = 1,                /* either */
        [20] = 'a',              /* letter */
        [24] = 1,                /* grid[0][0] */
        [44] = 6,                /* grid[2][1] */
        [48] = 4,                /* pair.0 */
        [56] = 5,                /* pair.1 */
        [79] = 0x80,             /* big */
        [80] = 8,                /* type */
    };
    expect_text(
        "B_HASH", MAP_VALUE, value, sizeof(value),
        "Value { newtype: Newtype { __0: 3 }, state: Gone, flag: true, signed: Minus, wide: "
        "High, either: Either { number: 1, bytes: [1, 0, 0, 0] }, letter: 97, grid: [[1, 0], "
        "[0, 0], [0, 6]], pair: u8_u64 { __0: 4, __1: 5 }, big: "
        "0x80000000000000000000000000000000, type: 8 }");
}

static void numbers_without_an_enumerator_print(void **state)
{
    (void)state;
    uint8_t value[96] = {[4] = 7, [5] = 9};
    json_t *json = map_types_json(types, "B_HASH", MAP_VALUE, value, sizeof(value));
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "state")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "flag")), 9);
    json_decref(json);
}

static void enums_with_data_print(void **state)
{
    (void)state;
    uint8_t value[32] = {[0] = 1, [8] = 77};
    expect_json(
        "C_STACK", MAP_VALUE, value, sizeof(value),
        "{\"data\":{\"discriminant\":{\"discriminant\":1},\"Number\":{\"__0\":0},\"Named\":{\"q\":"
        "77},\"Empty\":{}},\"inner\":{\"tag\":0,\"port\":0,\"address\":[0,0,0,0],\"serial\":0}}");
}

/* What libbpf's loader looks for in BTF-defined maps, and what the kernel demands of a DATASEC. */
static void has_the_form_of_btf_defined_maps(void **state)
{
    (void)state;
    struct btf *parsed = btf__new(btf.data, (uint32_t)btf.length);
    assert_non_null(parsed);
    int id = btf__find_by_name_kind(parsed, ".maps", BTF_KIND_DATASEC);
    assert_true(id > 0);
    const struct btf_type *section = btf__type_by_id(parsed, (uint32_t)id);
    assert_int_equal(btf_vlen(section), 5);
    uint32_t offset = 0;
    for (unsigned i = 0; i < 5; i++) {
        const struct btf_var_secinfo *place = &btf_var_secinfos(section)[i];
        const struct btf_type *variable = btf__type_by_id(parsed, place->type);
        assert_int_equal(place->offset, offset);
        assert_true(btf__resolve_size(parsed, variable->type) == place->size);
        offset += place->size;
    }
    assert_int_equal(section->size, offset);

    id = btf__find_by_name_kind(parsed, "B_HASH", BTF_KIND_VAR);
    const struct btf_type *map =
        btf__type_by_id(parsed, btf__type_by_id(parsed, (uint32_t)id)->type);
    static const char *const names[] = {"type", "max_entries", "map_flags", "key", "value"};
    static const uint32_t numbers[] = {1, 16, 1};
    assert_int_equal(btf_vlen(map), 5);
    for (unsigned i = 0; i < 5; i++) {
        const struct btf_member *member = &btf_members(map)[i];
        const struct btf_type *pointer = btf__type_by_id(parsed, member->type);
        assert_string_equal(btf__name_by_offset(parsed, member->name_off), names[i]);
        assert_true(btf_is_ptr(pointer));
        if (i < 3)
            assert_int_equal(btf_array(btf__type_by_id(parsed, pointer->type))->nelems, numbers[i]);
    }
    btf__free(parsed);
}

static void without_dwarf_there_are_bytes(void **state)
{
    (void)state;
    struct small_object small;
    struct object *object;
    struct buffer bytes = {0};
    small_object_make(&small);
    assert_int_equal(object_read(diag, "small", small.bytes, small.size, &object), 0);
    assert_int_equal(btf_write(diag, "small", object, &bytes), 0);
    object_free(object);
    object = object_with(bytes.data, bytes.length);
    struct map_types *raw;
    assert_int_equal(map_types_read(diag, "small", object, &raw), 0);
    struct buffer text = {0};
    static const uint8_t value[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_true(map_types_format(raw, "M", MAP_VALUE, value, 8, &text));
    assert_string_equal(text.data, "[1, 2, 3, 4, 5, 6, 7, 8]");
    buffer_free(&text);
    map_types_free(raw);
    object_free(object);
    buffer_free(&bytes);
}

/* What the kernel demands of a key is not left to debug information: bytes would be refused. */
static void without_dwarf_an_index_is_a_number(void **state)
{
    static const struct {
        uint32_t type;
        const char *key;
    } cases[] = {{BPF_MAP_TYPE_ARRAY, "16909060"},
                 {BPF_MAP_TYPE_PERCPU_ARRAY, "16909060"},
                 {BPF_MAP_TYPE_HASH, "[4, 3, 2, 1]"}};
    static const uint8_t key[4] = {4, 3, 2, 1};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct small_object small;
        struct object *object;
        struct map_types *raw;
        struct buffer bytes = {0}, text = {0};
        small_object_make(&small);
        memcpy(small.bytes + small.sections[SMALL_MAPS].sh_offset, &cases[i].type,
               sizeof(cases[i].type));
        assert_int_equal(object_read(diag, "small", small.bytes, small.size, &object), 0);
        assert_int_equal(btf_write(diag, "small", object, &bytes), 0);
        object_free(object);
        object = object_with(bytes.data, bytes.length);
        assert_int_equal(map_types_read(diag, "small", object, &raw), 0);
        assert_true(map_types_format(raw, "M", MAP_KEY, key, sizeof(key), &text));
        assert_string_equal(text.data, cases[i].key);
        buffer_free(&text);
        map_types_free(raw);
        object_free(object);
        buffer_free(&bytes);
    }
}

static void without_maps_there_is_nothing(void **state)
{
    (void)state;
    struct small_object small;
    struct object *object;
    struct buffer bytes = {0};
    struct map_types *none;
    small_object_make(&small);
    small.symbols[4].st_shndx = SMALL_GOT;
    assert_int_equal(object_read(diag, "small", small.bytes, small.size, &object), 0);
    assert_int_equal(btf_write(diag, "small", object, &bytes), 0);
    assert_int_equal(bytes.length, 0);
    assert_int_equal(map_types_read(diag, "small", object, &none), 0);
    assert_null(none);
    object_free(object);
}

static void writing_again_gives_the_same_bytes(void **state)
{
    (void)state;
    struct object *object;
    struct buffer again = {0};
    assert_int_equal(object_read_file(diag, BTF_MAPS, &object), 0);
    assert_int_equal(btf_write(diag, BTF_MAPS, object, &again), 0);
    assert_int_equal(again.length, btf.length);
    assert_memory_equal(again.data, btf.data, btf.length);
    buffer_free(&again);
    object_free(object);
}

static void survives_every_flipped_bit(void **state)
{
    (void)state;
    static const uint8_t zeroes[96];
    static const char *const maps[] = {"A_ARRAY", "B_HASH", "C_STACK", "D_RINGBUF", "E_FLOAT"};
    static const size_t sizes[] = {8, 96, 32, 0, 8};
    for (size_t bit = 0; bit < 8 * btf.length; bit++) {
        flip_bit(&btf, bit);
        struct object *object = object_with(btf.data, btf.length);
        flip_bit(&btf, bit);
        struct map_types *read;
        if (map_types_read(diag, "flipped", object, &read) == 0) {
            for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
                struct buffer text = {0};
                map_types_name(read, maps[i], MAP_VALUE, &text);
                map_types_format(read, maps[i], MAP_VALUE, zeroes, sizes[i], &text);
                buffer_free(&text);
            }
            map_types_free(read);
        }
        object_free(object);
    }
}

static void refuses_truncations(void **state)
{
    (void)state;
    for (size_t size = 0; size < btf.length; size += size < 64 ? 1 : 61) {
        struct object *object = object_with(btf.data, size);
        struct map_types *read;
        assert_int_equal(map_types_read(diag, "short", object, &read), -1);
        assert_null(read);
        object_free(object);
    }
}

static void names_become_identifiers(void **state)
{
    (void)state;
    char name[BTF_NAME_SIZE], longest[300];
    static const char *const cases[][2] = {
        {"Plain_1", "Plain_1"},
        {"Gen<a::B, (u8, u16)>", "Gen_a_B_u8_u16"},
        {"(u8, u64)", "u8_u64"},
        {"", "_"},
        {"()", "_"},
        {"1st", "_1st"},
        {"\xc3\xa9t\xc3\xa9", "t"},
        {"__0", "__0"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        btf_identifier(name, cases[i][0]);
        assert_string_equal(name, cases[i][1]);
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    btf_identifier(name, longest);
    assert_int_equal(strlen(name), BTF_NAME_SIZE - 1);
}

/* The child's part of the test below. Never returns. */
static _Noreturn void write_with_failure(const struct object *object, unsigned long n)
{
    struct buffer bytes = {0};
    struct map_types *read = NULL;
    fault_arm(n);
    int result = btf_write(diag, BTF_MAPS, object, &bytes);
    bool failed = fault_disarm();
    if (result == 0) {
        struct object *again = object_with(bytes.data, bytes.length);
        if (map_types_read(diag, "again", again, &read))
            _exit(9);
        object_free(again);
    }
    map_types_free(read);
    buffer_free(&bytes);
    _exit(failed ? 4 : result ? 9 : 0);
}

/* libdw and libbpf allocate for things that can do without, such as a cache: then the result may be
 * less precise, but it is always BTF. Children, since libdw ends the process where it cannot do
 * without. */
static void survives_every_failed_allocation(void **state)
{
    (void)state;
    struct object *object;
    unsigned long n;
    int status = 0;
    assert_int_equal(object_read_file(diag, BTF_MAPS, &object), 0);
    for (n = 0;; n++) {
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            /* What libdw and cmocka say when libdw ends the process. */
            dup2(fileno(sink), STDOUT_FILENO);
            dup2(fileno(sink), STDERR_FILENO);
            write_with_failure(object, n);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        if (WEXITSTATUS(status) == 0)
            break;
        assert_true(WEXITSTATUS(status) == 4 || WEXITSTATUS(status) == EXIT_FAILURE);
    }
    assert_true(n > 5);
    object_free(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_have_their_types),
        cmocka_unit_test(integers_print),
        cmocka_unit_test(sizes_have_to_fit),
        cmocka_unit_test(structures_print),
        cmocka_unit_test(numbers_without_an_enumerator_print),
        cmocka_unit_test(enums_with_data_print),
        cmocka_unit_test(has_the_form_of_btf_defined_maps),
        cmocka_unit_test(without_dwarf_there_are_bytes),
        cmocka_unit_test(without_dwarf_an_index_is_a_number),
        cmocka_unit_test(without_maps_there_is_nothing),
        cmocka_unit_test(writing_again_gives_the_same_bytes),
        cmocka_unit_test(survives_every_flipped_bit),
        cmocka_unit_test(refuses_truncations),
        cmocka_unit_test(names_become_identifiers),
        cmocka_unit_test(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
