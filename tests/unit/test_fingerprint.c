/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "driver/fingerprint.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/rexc-test-fingerprint.XXXXXX";
static struct diag *diag;
static struct record_key key;

static int setup(void **state)
{
    (void)state;
    struct diag_options options = {.quiet = true};
    diag = diag_new(&options);
    return mkdtemp(directory) && record_key_load(diag, directory, true, &key) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    int result = file_remove_tree(diag, directory);
    diag_free(diag);
    return result;
}

static char *path_of(const char *name)
{
    return path_join(directory, name);
}

static void write_file(const char *path, const char *text)
{
    assert_int_equal(file_write_atomic(diag, path, text, strlen(text), 0644), 0);
}

static void the_key_is_made_once_and_private(void **state)
{
    (void)state;
    struct record_key again;
    struct stat status;
    char *path = path_of("record.key");
    assert_int_equal(record_key_load(diag, directory, true, &again), 0);
    assert_memory_equal(&again, &key, sizeof(key));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);

    /* A key that was cut short is made anew. */
    char *other = path_of("other");
    char *cut = path_of("other/record.key");
    assert_int_equal(mkdir(other, 0700), 0);
    write_file(cut, "short");
    assert_int_equal(record_key_load(diag, other, true, &again), 0);
    assert_memory_not_equal(&again, &key, sizeof(key));
    free(cut);
    free(other);
    free(path);
}

/* A record with every kind of input; the caller frees it. */
static struct record make_record(struct digests *digests, const char *source, const char *output)
{
    struct record record = {0};
    inputs_value(&record.inputs, "flags", "-Cfoo -Cbar");
    inputs_value(&record.inputs, "odd\tname\n%41", "value with\ttab, % and \x7f");
    inputs_now(&record.inputs, digests, INPUT_FILE, source);
    inputs_now(&record.inputs, digests, INPUT_PRESENCE, source);
    inputs_now(&record.inputs, digests, INPUT_LISTING, directory);
    inputs_now(&record.outputs, digests, INPUT_FILE, output);
    return record;
}

static void records_survive_writing_and_reading(void **state)
{
    (void)state;
    char *source = path_of("source.rs"), *output = path_of("out.o"), *path = path_of("a.record");
    struct digests *digests = digests_new();
    struct record record, read;
    write_file(source, "fn main() {}");
    write_file(output, "object");
    record = make_record(digests, source, output);
    assert_int_equal(record_save(diag, &key, path, &record), 0);
    assert_true(record_load(&key, path, &read));
    assert_int_equal(read.inputs.count, record.inputs.count);
    for (size_t i = 0; i < read.inputs.count; i++) {
        assert_int_equal(read.inputs.items[i].kind, record.inputs.items[i].kind);
        assert_string_equal(read.inputs.items[i].name, record.inputs.items[i].name);
        assert_string_equal(read.inputs.items[i].value, record.inputs.items[i].value);
    }
    assert_string_equal(inputs_find(&read.outputs, INPUT_FILE, output),
                        digests_of(digests, output));
    record_free(&read);
    record_free(&record);
    digests_free(digests);
    free(source);
    free(output);
    free(path);
}

/* Any bit that is not as it was written, and any other key, makes a record count as absent. */
static void forged_records_count_as_absent(void **state)
{
    (void)state;
    char *path = path_of("forged.record");
    struct record record = {0}, read;
    struct record_key other = key;
    char *text;
    size_t size;
    inputs_value(&record.inputs, "flags", "-C");
    inputs_value(&record.outputs, "sha256", "0123");
    assert_int_equal(record_save(diag, &key, path, &record), 0);
    assert_int_equal(file_read(diag, path, 0, &text, &size), 0);
    assert_true(record_parse(&key, text, size, &read));
    record_free(&read);
    for (size_t bit = 0; bit < size * 8; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        assert_false(record_parse(&key, text, size, &read));
        text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
    }
    for (size_t length = 0; length < size; length++)
        assert_false(record_parse(&key, text, length, &read));
    other.bytes[31] ^= 1;
    assert_false(record_parse(&other, text, size, &read));
    assert_false(record_load(&key, "/nonexistent/record", &read));
    record_free(&record);
    free(text);
    free(path);
}

static char *stale_now(const struct record *record, const struct inputs *values)
{
    struct digests *digests = digests_new();
    char *reason = record_stale(record, values, digests);
    digests_free(digests);
    return reason;
}

static void assert_stale(const struct record *record, const struct inputs *values,
                         const char *expected)
{
    char *reason = stale_now(record, values);
    assert_non_null(reason);
    if (!strstr(reason, expected))
        fail_msg("'%s' does not say '%s'", reason, expected);
    free(reason);
}

static void content_decides_and_time_does_not(void **state)
{
    (void)state;
    char *source = path_of("content.rs"), *made = path_of("made"),
         *output = path_of("made/content.o");
    struct digests *digests = digests_new();
    struct inputs values = {0};
    assert_int_equal(mkdir(made, 0700), 0);
    write_file(source, "one");
    write_file(output, "object");
    struct record record = make_record(digests, source, output);
    inputs_value(&values, "flags", "-Cfoo -Cbar");
    inputs_value(&values, "odd\tname\n%41", "value with\ttab, % and \x7f");
    assert_null(stale_now(&record, &values));

    /* Touched, but the same bytes: fresh. */
    struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, source, times, 0), 0);
    assert_null(stale_now(&record, &values));

    /* Other bytes under the same time and size: stale. */
    write_file(source, "two");
    assert_int_equal(utimensat(AT_FDCWD, source, times, 0), 0);
    assert_stale(&record, &values, "content.rs' changed");
    assert_int_equal(unlink(source), 0);
    assert_stale(&record, &values, "content.rs' changed");
    write_file(source, "one");
    assert_null(stale_now(&record, &values));

    /* A new name in a directory that was listed. */
    char *extra = path_of("extra");
    write_file(extra, "");
    assert_stale(&record, &values, "changed");
    assert_int_equal(unlink(extra), 0);

    /* An output that was tampered with, or deleted. */
    write_file(output, "tampered");
    assert_stale(&record, &values, "not as it was made");
    assert_int_equal(unlink(output), 0);
    assert_stale(&record, &values, "missing");
    write_file(output, "object");
    assert_null(stale_now(&record, &values));

    /* Other flags; one more value; one less. */
    free(values.items[0].value);
    values.items[0].value = must_copy("-Cbaz");
    assert_stale(&record, &values, "flags changed");
    free(values.items[0].value);
    values.items[0].value = must_copy("-Cfoo -Cbar");
    inputs_value(&values, "policy", "x");
    assert_stale(&record, &values, "policy is new");
    inputs_free(&values);
    inputs_value(&values, "flags", "-Cfoo -Cbar");
    assert_stale(&record, &values, "no longer wanted");

    inputs_free(&values);
    record_free(&record);
    digests_free(digests);
    free(extra);
    free(made);
    free(source);
    free(output);
}

static void digests_tell_what_is_no_file(void **state)
{
    (void)state;
    char *fifo = path_of("fifo");
    struct digests *digests = digests_new();
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_string_equal(digests_of(digests, "/nonexistent"), "absent");
    assert_string_equal(digests_of(digests, directory), "absent");
    assert_string_equal(digests_of(digests, fifo), "absent"); /* and does not wait for a writer */
    digests_free(digests);
    unlink(fifo);
    free(fifo);
}

static void inputs_have_unambiguous_digests(void **state)
{
    (void)state;
    struct inputs a = {0}, b = {0};
    char first[HASH_HEX_SIZE], second[HASH_HEX_SIZE];
    inputs_value(&a, "ab", "c");
    inputs_value(&b, "a", "bc");
    inputs_digest(&a, first);
    inputs_digest(&b, second);
    assert_string_not_equal(first, second);
    inputs_free(&a);
    inputs_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_made_once_and_private),
        cmocka_unit_test(records_survive_writing_and_reading),
        cmocka_unit_test(forged_records_count_as_absent),
        cmocka_unit_test(content_decides_and_time_does_not),
        cmocka_unit_test(digests_tell_what_is_no_file),
        cmocka_unit_test(inputs_have_unambiguous_digests),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
