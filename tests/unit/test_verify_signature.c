/* SPDX-License-Identifier: Apache-2.0 */
/* Who signed, and whether every byte is as it was signed: a signed object and what is done to it.
 */
#include "tests/verify/fixture.h"

#include "base/file.h"
#include "base/memory.h"
#include "linker/keys.h"
#include "linker/signature.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct diag *diag;
static struct signing_key *key, *stranger;
static struct buffer signed_object;
static size_t unsigned_size;

static struct signing_key *make_key(const char *directory, const char *name)
{
    struct signing_key *made;
    char *key_path = must_format("%s/%s.key", directory, name);
    char *certificate_path = must_format("%s/%s.crt", directory, name);
    assert_int_equal(signing_key_generate(diag, name, key_path, certificate_path), 0);
    assert_int_equal(signing_key_load(diag, key_path, certificate_path, &made), 0);
    free(key_path);
    free(certificate_path);
    return made;
}

static int setup(void **state)
{
    char directory[] = "/tmp/verify-keys-XXXXXX";
    (void)state;
    diag = diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER});
    assert_non_null(mkdtemp(directory));
    key = make_key(directory, "maker");
    stranger = make_key(directory, "stranger");
    assert_int_equal(file_remove_tree(diag, directory), 0);
    fixture_make(NULL, NULL, &signed_object);
    unsigned_size = signed_object.length;
    return signature_append(diag, "good.rex", key, &signed_object);
}

static int teardown(void **state)
{
    (void)state;
    buffer_free(&signed_object);
    signing_key_free(key);
    signing_key_free(stranger);
    diag_free(diag);
    return 0;
}

/* Verifies bytes with a trusted and a known certificate, each of which may be NULL. Returns the
 * first broken rule; VERIFY_RULES when it verifies, or when it is not read as an object at all
 * (then *read is false). */
static enum verify_rule verify(const void *bytes, size_t size, enum verify_trust trust,
                               const struct signing_key *trusted, const struct signing_key *known,
                               bool *read)
{
    const struct certificate *trust_one = trusted ? signing_key_certificate(trusted) : NULL;
    const struct certificate *know_one = known ? signing_key_certificate(known) : NULL;
    struct verify_options options = {
        .name = "signed.rex",
        .trust = trust,
        .trusted = &trust_one,
        .trusted_count = trusted != NULL,
        .known = &know_one,
        .known_count = known != NULL,
    };
    struct verify_report report;
    FILE *sink = fopen("/dev/null", "w");
    struct diag *quiet = diag_new(&(struct diag_options){.stream = sink});
    int result = verify_object(quiet, &options, bytes, size, &report);
    enum verify_rule rule = 0;

    while (rule < VERIFY_RULES && report.verdicts[rule] != VERIFY_BROKEN)
        rule++;
    *read = result >= 0;
    assert_int_equal(result == 1, rule < VERIFY_RULES);
    verify_report_free(&report);
    diag_free(quiet);
    fclose(sink);
    return rule;
}

static void expect(enum verify_trust trust, const struct signing_key *trusted,
                   const struct signing_key *known, enum verify_rule rule)
{
    bool read;
    assert_int_equal(verify(signed_object.data, signed_object.length, trust, trusted, known, &read),
                     rule);
    assert_true(read);
}

static void test_trust(void **state)
{
    (void)state;
    expect(VERIFY_SIGNER, key, NULL, VERIFY_RULES);
    expect(VERIFY_SIGNER, key, stranger, VERIFY_RULES);
    /* Intact, but by nobody who is trusted. */
    expect(VERIFY_SIGNER, NULL, key, VERIFY_SIGNED_BY);
    expect(VERIFY_SIGNER, stranger, key, VERIFY_SIGNED_BY);
    expect(VERIFY_INTEGRITY, NULL, key, VERIFY_RULES);
    /* Without the signer's certificate nobody can tell. */
    expect(VERIFY_SIGNER, NULL, NULL, VERIFY_SIGNED_BY);
    expect(VERIFY_INTEGRITY, NULL, NULL, VERIFY_SIGNED_BY);
    expect(VERIFY_INTEGRITY, NULL, stranger, VERIFY_SIGNED_BY);
    expect(VERIFY_UNSIGNED, NULL, NULL, VERIFY_RULES);
}

/* Whether a file does not verify, whatever the reason. */
static bool is_refused(const void *bytes, size_t size)
{
    bool read;
    return verify(bytes, size, VERIFY_SIGNER, key, NULL, &read) < VERIFY_RULES || !read;
}

#define STRIDE                                                                                     \
    13 /* tests/unit/test_signature.c flips each bit; here it is enough that all rules run on them \
        */

static void test_flipped_bits(void **state)
{
    uint8_t *bytes = (uint8_t *)signed_object.data;
    (void)state;
    for (size_t i = 0; i < signed_object.length; i += i < unsigned_size ? STRIDE : 3) {
        bytes[i] ^= (uint8_t)(1u << i % 8);
        if (!is_refused(bytes, signed_object.length))
            fail_msg("bit %zu of byte %zu was flipped unnoticed", i % 8, i);
        bytes[i] ^= (uint8_t)(1u << i % 8);
    }
    assert_false(is_refused(bytes, signed_object.length));
}

static void test_sizes(void **state)
{
    char *copy = must_alloc(signed_object.length + 1, 1);
    bool read;
    (void)state;
    memcpy(copy, signed_object.data, signed_object.length);
    assert_true(is_refused(copy, signed_object.length + 1));
    for (size_t size = 0; size < signed_object.length; size += size < unsigned_size ? 97 : 7)
        assert_true(is_refused(copy, size));
    /* What is cut to the unsigned object is well-formed, and refused for want of a signature. */
    assert_int_equal(verify(copy, unsigned_size, VERIFY_SIGNER, key, NULL, &read),
                     VERIFY_SIGNATURE);
    assert_int_equal(verify(copy, unsigned_size, VERIFY_UNSIGNED, NULL, NULL, &read), VERIFY_RULES);
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_flipped_bits),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
