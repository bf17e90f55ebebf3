/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "bits.h"
#include "fault.h"
#include "linker/note.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static FILE *sink;
static struct diag *diag;

/* A note with two of everything, in the wrong order. */
static struct note_program programs[2];
static struct note_map maps[2];
static struct note_import imports[2];
static struct note_field fields[2];
static struct note_check checks[2];
static uint32_t returns[3];
static struct note_pair provenance[2];
static struct note note;
static struct buffer bytes;

/* Its bytes, after whatever a test changed; at the start of the descriptor. */
static struct rex_note_header *header;

static void encode(void)
{
    buffer_clear(&bytes);
    assert_int_equal(note_write(diag, "note", &note, &bytes), 0);
    header = (struct rex_note_header *)(void *)(bytes.data + 16);
}

static void reset(void)
{
    programs[0] =
        (struct note_program){"late", "kprobe/f", REX_PROGRAM_KPROBE, true, 0x2000, 16384};
    programs[1] = (struct note_program){"early", "xdp", REX_PROGRAM_XDP, false, 0x1000, 312};
    maps[0] = (struct note_map){"B", 0x3020};
    maps[1] = (struct note_map){"A", 0x3000};
    imports[0] = (struct note_import){"rex_cpu", REX_IMPORT_IS_PERCPU, 0x4008};
    imports[1] = (struct note_import){"bpf_ktime_get_ns", REX_IMPORT_IS_FUNCTION, 0x4000};
    fields[0] = (struct note_field){"task_struct", "tgid", 4, REX_FIELD_SIGNED, 0x4018};
    fields[1] = (struct note_field){"task_struct", "comm", 16, REX_FIELD_BYTES, 0x4010};
    checks[0] = (struct note_check){0x1200, 96};
    checks[1] = (struct note_check){0x1100, 64};
    returns[0] = 0x1210;
    returns[1] = 0x1105;
    returns[2] = 0x1300;
    provenance[0] = (struct note_pair){"source.src/main.rs", "ab\xc3\xa9"};
    provenance[1] = (struct note_pair){"flags", ""};
    note = (struct note){
        .license = "GPL",
        .panic_body = 0x1800,
        .handle_timeout = 0x1900,
        .panic_bound = 900,
        .panic_checked = true,
        .programs = programs,
        .program_count = 2,
        .maps = maps,
        .map_count = 2,
        .imports = imports,
        .import_count = 2,
        .fields = fields,
        .field_count = 2,
        .checks = checks,
        .check_count = 2,
        .returns = returns,
        .return_count = 3,
        .provenance = provenance,
        .provenance_count = 2,
    };
    encode();
}

static int begin(void **state)
{
    (void)state;
    struct diag_options options = {.stream = sink};
    diag = diag_new(&options);
    reset();
    return 0;
}

static int end(void **state)
{
    (void)state;
    buffer_free(&bytes);
    diag_free(diag);
    return 0;
}

static struct note *read_well(void)
{
    struct note *read;
    assert_int_equal(note_read(diag, "note", bytes.data, bytes.length, &read), 0);
    assert_non_null(read);
    return read;
}

static void expect_refusal(void)
{
    struct note *read;
    unsigned before = diag_count(diag, DIAG_ERROR);
    assert_int_equal(note_read(diag, "note", bytes.data, bytes.length, &read), -1);
    assert_null(read);
    assert_int_equal(diag_count(diag, DIAG_ERROR), before + 1);
    encode();
}

/* What the note has become cannot be written; it is as it was afterwards. */
static void expect_unwritable(void)
{
    struct buffer out = {0};
    assert_int_equal(note_write(diag, "note", &note, &out), -1);
    buffer_free(&out);
    reset();
}

static void comes_back_sorted(void **state)
{
    (void)state;
    struct note *read = read_well();
    assert_string_equal(read->license, "GPL");
    assert_int_equal(read->panic_body, 0x1800);
    assert_int_equal(read->handle_timeout, 0x1900);
    assert_int_equal(read->panic_bound, 900);
    assert_true(read->panic_checked);
    assert_int_equal(read->program_count, 2);
    assert_string_equal(read->programs[0].name, "early");
    assert_string_equal(read->programs[0].section, "xdp");
    assert_int_equal(read->programs[0].type, REX_PROGRAM_XDP);
    assert_false(read->programs[0].checked);
    assert_int_equal(read->programs[0].stack_bound, 312);
    assert_true(read->programs[1].checked);
    assert_string_equal(read->maps[0].name, "A");
    assert_string_equal(read->imports[0].name, "bpf_ktime_get_ns");
    assert_int_equal(read->imports[1].kind, REX_IMPORT_IS_PERCPU);
    assert_string_equal(read->fields[0].field, "comm");
    assert_int_equal(read->fields[1].slot, 0x4018);
    assert_int_equal(read->checks[0].need, 64);
    assert_int_equal(read->return_count, 3);
    assert_int_equal(read->returns[0], 0x1105);
    assert_int_equal(read->returns[2], 0x1300);
    assert_string_equal(note_provenance(read, "flags"), "");
    assert_string_equal(note_provenance(read, "source.src/main.rs"), "ab\xc3\xa9");
    assert_null(note_provenance(read, "rustc"));
    note_free(read);
}

static void empty_note_comes_back(void **state)
{
    (void)state;
    note = (struct note){.license = ""};
    encode();
    struct note *read = read_well();
    assert_string_equal(read->license, "");
    assert_int_equal(read->program_count + read->map_count + read->check_count, 0);
    assert_int_equal(read->return_count, 0);
    note_free(read);
}

static void order_does_not_change_the_bytes(void **state)
{
    (void)state;
    char *first = malloc(bytes.length);
    size_t length = bytes.length;
    assert_non_null(first);
    memcpy(first, bytes.data, length);
    struct note_pair pair = provenance[0];
    provenance[0] = provenance[1];
    provenance[1] = pair;
    encode();
    assert_int_equal(bytes.length, length);
    assert_memory_equal(bytes.data, first, length);
    free(first);
}

static void refuses_to_write_nonsense(void **state)
{
    (void)state;
    programs[0].name = programs[1].name;
    expect_unwritable();
    maps[0].name = maps[1].name;
    expect_unwritable();
    imports[0].name = imports[1].name;
    expect_unwritable();
    fields[0].field = fields[1].field;
    expect_unwritable();
    checks[0].function = checks[1].function;
    expect_unwritable();
    returns[0] = returns[2];
    expect_unwritable();
    provenance[0].key = provenance[1].key;
    expect_unwritable();
    programs[0].type = REX_PROGRAM_TYPES;
    expect_unwritable();
    imports[0].kind = REX_IMPORT_IS_FIELD;
    expect_unwritable();
    fields[0].kind = REX_FIELD_BYTES + 1;
    expect_unwritable();
}

static void demands_plain_text(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "\x1b[31m",     "a\n",      "\x7f", "\x80",         "\xc0\xaf",
        "\xe0\x80\xaf", "\xc2\x9b", "\xff", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xe2\x82",
    };
    static const char *const good[] = {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\xa6\x80"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        provenance[0].value = bad[i];
        expect_unwritable();
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        provenance[0].value = good[i];
        encode();
        note_free(read_well());
    }
}

static void refuses_other_versions(void **state)
{
    (void)state;
    header->version++;
    expect_refusal();
    header->abi++;
    expect_refusal();
}

static void refuses_tables_out_of_bounds(void **state)
{
    (void)state;
    header->size--;
    expect_refusal();
    header->size++;
    expect_refusal();
    header->programs.count = 0xffffffff;
    expect_refusal();
    header->maps.offset = 0xffffffff;
    expect_refusal();
    header->imports.offset = header->size;
    expect_refusal();
    header->fields.count = 3;
    expect_refusal();
    header->returns.count = 0x40000000;
    expect_refusal();
    header->returns.count++; /* what pads the table to a multiple of 8 */
    expect_refusal();
    header->provenance.offset -= 8;
    expect_refusal();
    header->strings.count = 0;
    expect_refusal();
    header->strings.count--;
    expect_refusal();
    header->strings.offset += 8;
    expect_refusal();
    header->license = header->strings.count;
    expect_refusal();
}

/* Other bytes with the same meaning. */
static void refuses_other_encodings(void **state)
{
    (void)state;
    struct rex_note_program *entry =
        (struct rex_note_program *)((char *)header + header->programs.offset);
    entry->reserved = 1;
    expect_refusal();
    entry->flags |= 2;
    expect_refusal();
    entry[0].name = entry[1].name; /* a shared string */
    expect_refusal();
    struct rex_note_program swapped = entry[0];
    entry[0] = entry[1];
    entry[1] = swapped;
    expect_refusal();
    uint32_t *sites = (uint32_t *)(void *)((char *)header + header->returns.offset);
    sites[0] = sites[1];
    expect_refusal();
    sites = (uint32_t *)(void *)((char *)header + header->returns.offset);
    sites[2] = sites[0] - 4;
    expect_refusal();
    header->panic_flags |= 2;
    expect_refusal();
    bytes.data[bytes.length - 1] = 'x'; /* the padding */
    expect_refusal();
    Elf64_Nhdr *prefix = (Elf64_Nhdr *)(void *)bytes.data;
    prefix->n_type = 2;
    expect_refusal();
    prefix->n_namesz = 3;
    expect_refusal();
    bytes.data[12] = 'r';
    expect_refusal();
    buffer_append(&bytes, "\0\0\0\0\0\0\0\0", 8);
    expect_refusal();
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    for (size_t size = 0; size < bytes.length; size++) {
        struct note *read;
        char *copy = malloc(size ? size : 1);
        assert_non_null(copy);
        memcpy(copy, bytes.data, size);
        assert_int_equal(note_read(diag, "note", copy, size, &read), -1);
        free(copy);
    }
}

/* A flipped bit gives another note or none, never the same one and never a crash. */
static void every_flipped_bit_is_seen(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * bytes.length; bit++) {
        struct note *read;
        struct buffer again = {0};
        flip_bit(&bytes, bit);
        if (note_read(diag, "note", bytes.data, bytes.length, &read) == 0) {
            assert_int_equal(note_write(diag, "note", read, &again), 0);
            assert_int_equal(again.length, bytes.length);
            assert_memory_equal(again.data, bytes.data, bytes.length);
            note_free(read);
        }
        buffer_free(&again);
        flip_bit(&bytes, bit);
    }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    unsigned long n;
    for (n = 0;; n++) {
        struct note *read = NULL;
        struct buffer out = {0};
        fault_arm(n);
        int result = note_write(diag, "note", &note, &out);
        if (result == 0)
            result = note_read(diag, "note", out.data, out.length, &read);
        bool failed = fault_disarm();
        note_free(read);
        buffer_free(&out);
        assert_true(failed || result == 0);
        if (!failed)
            break;
    }
    assert_true(n > 15);
}

static int open_sink(void **state)
{
    (void)state;
    sink = fopen("/dev/null", "w");
    return sink ? 0 : -1;
}

static int close_sink(void **state)
{
    (void)state;
    return fclose(sink);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(comes_back_sorted),
        TEST(empty_note_comes_back),
        TEST(order_does_not_change_the_bytes),
        TEST(refuses_to_write_nonsense),
        TEST(demands_plain_text),
        TEST(refuses_other_versions),
        TEST(refuses_tables_out_of_bounds),
        TEST(refuses_other_encodings),
        TEST(refuses_every_truncation),
        TEST(every_flipped_bit_is_seen),
        TEST(survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, open_sink, close_sink);
}
