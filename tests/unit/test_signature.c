/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "bits.h"
#include "fault.h"
#include "linker/keys.h"
#include "linker/keys_openssl.h"
#include "linker/object.h"
#include "linker/signature.h"
#include "small_object.h"

#include <openssl/cms.h>
#include <openssl/crypto.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TRAILER_SIZE 40u /* struct module_signature and magic */

static FILE *sink;
static struct diag *diag;
static char directory[] = "/tmp/rexc-test-signature.XXXXXX";
static struct small_object small;
static struct signing_key *key, *other_key;
static const struct certificate *certificate, *other_certificate;
static struct buffer signed_bytes;

static char *path_of(const char *name)
{
    return path_join(directory, name);
}

static struct signing_key *generate(const char *name)
{
    struct signing_key *made;
    char text[64];
    snprintf(text, sizeof(text), "%s.key", name);
    char *key_path = path_of(text);
    snprintf(text, sizeof(text), "%s.crt", name);
    char *certificate_path = path_of(text);
    assert_int_equal(signing_key_generate(diag, name, key_path, certificate_path), 0);
    assert_int_equal(signing_key_load(diag, key_path, certificate_path, &made), 0);
    free(key_path);
    free(certificate_path);
    return made;
}

static int begin_all(void **state)
{
    (void)state;
    struct diag_options options = {.stream = fopen("/dev/null", "w")};
    sink = options.stream;
    if (!sink || !mkdtemp(directory))
        return -1;
    setenv("XDG_CONFIG_HOME", directory, 1);
    diag = diag_new(&options);
    small_object_make(&small);
    key = generate("first");
    other_key = generate("second");
    certificate = signing_key_certificate(key);
    other_certificate = signing_key_certificate(other_key);
    buffer_append(&signed_bytes, small.bytes, small.size);
    return signature_append(diag, "small", key, &signed_bytes);
}

static int end_all(void **state)
{
    (void)state;
    buffer_free(&signed_bytes);
    signing_key_free(key);
    signing_key_free(other_key);
    int result = file_remove_tree(diag, directory);
    diag_free(diag);
    fclose(sink);
    return result;
}

static enum signature_verdict verdict_of(const void *bytes, size_t size,
                                         const struct certificate *trusted)
{
    struct signature_check check;
    assert_int_equal(signature_check(diag, bytes, size, &trusted, 1, NULL, 0, &check), 0);
    signature_check_free(&check);
    return check.verdict;
}

static enum signature_verdict verdict(const struct buffer *bytes)
{
    return verdict_of(bytes->data, bytes->length, certificate);
}

/* -- Signing and verifying -------------------------------------------------------------------- */

static void signed_object_is_trusted(void **state)
{
    (void)state;
    struct signature_check check;
    assert_int_equal(signature_check(diag, (const uint8_t *)signed_bytes.data, signed_bytes.length,
                                     &certificate, 1, NULL, 0, &check),
                     0);
    assert_int_equal(check.verdict, SIGNATURE_TRUSTED);
    assert_true(check.intact);
    assert_ptr_equal(check.signer, certificate);
    assert_string_equal(check.issuer, "CN=first");
    assert_int_equal(signature_report(diag, "small", &check, false), 0);
    signature_check_free(&check);
}

static void signing_again_gives_the_same_bytes(void **state)
{
    (void)state;
    struct buffer again = {0};
    buffer_append(&again, small.bytes, small.size);
    assert_int_equal(signature_append(diag, "small", key, &again), 0);
    assert_int_equal(again.length, signed_bytes.length);
    assert_memory_equal(again.data, signed_bytes.data, again.length);
    assert_int_equal(signature_append(diag, "small", key, &again), -1);
    buffer_free(&again);
}

static void trust_is_by_certificate(void **state)
{
    (void)state;
    struct signature_check check;
    const uint8_t *bytes = (const uint8_t *)signed_bytes.data;

    /* Nobody has the signer's certificate: nothing is known. */
    assert_int_equal(
        signature_check(diag, bytes, signed_bytes.length, &other_certificate, 1, NULL, 0, &check),
        0);
    assert_int_equal(check.verdict, SIGNATURE_UNTRUSTED);
    assert_false(check.intact);
    assert_int_equal(signature_report(diag, "small", &check, true), -1);
    signature_check_free(&check);

    /* It is known, but not trusted: intact. */
    const struct certificate *known[] = {NULL, certificate};
    assert_int_equal(
        signature_check(diag, bytes, signed_bytes.length, &other_certificate, 1, known, 2, &check),
        0);
    assert_int_equal(check.verdict, SIGNATURE_UNTRUSTED);
    assert_true(check.intact);
    assert_int_equal(signature_report(diag, "small", &check, true), 0);
    assert_int_equal(signature_report(diag, "small", &check, false), -1);
    signature_check_free(&check);

    assert_int_equal(verdict_of(small.bytes, small.size, certificate), SIGNATURE_UNSIGNED);
}

/* The signer that the signature names is not the one that made it. */
static void name_without_the_key_is_tampering(void **state)
{
    (void)state;
    struct signing_key forged = {.key = other_key->key, .certificate = key->certificate};
    struct buffer bytes = {0};
    buffer_append(&bytes, small.bytes, small.size);
    assert_int_equal(signature_append(diag, "small", &forged, &bytes), 0);
    assert_int_equal(verdict(&bytes), SIGNATURE_TAMPERED);
    buffer_free(&bytes);
}

static void no_flipped_bit_verifies(void **state)
{
    (void)state;
    assert_int_equal(verdict(&signed_bytes), SIGNATURE_TRUSTED);
    for (size_t bit = 0; bit < 8 * signed_bytes.length; bit++) {
        flip_bit(&signed_bytes, bit);
        enum signature_verdict now = verdict(&signed_bytes);
        flip_bit(&signed_bytes, bit);
        if (now == SIGNATURE_TRUSTED)
            fail_msg("bit %zu of byte %zu of %zu (signature from %zu)", bit % 8, bit / 8,
                     signed_bytes.length, small.size);
    }
}

static void no_truncation_verifies(void **state)
{
    (void)state;
    for (size_t size = 0; size < signed_bytes.length; size++)
        assert_int_not_equal(verdict_of(signed_bytes.data, size, certificate), SIGNATURE_TRUSTED);
}

static void nothing_may_follow_or_come_between(void **state)
{
    (void)state;
    for (size_t at = 0; at <= signed_bytes.length; at += at < small.size ? 64 : 1) {
        struct buffer bytes = {0};
        buffer_append(&bytes, signed_bytes.data, at);
        buffer_char(&bytes, '\0');
        buffer_append(&bytes, signed_bytes.data + at, signed_bytes.length - at);
        assert_int_not_equal(verdict(&bytes), SIGNATURE_TRUSTED);
        buffer_free(&bytes);
    }
}

/* -- The encoding ----------------------------------------------------------------------------- */

/* Makes a file of the small object, a CMS and a fitting trailer. */
static struct buffer with_cms(const void *der, size_t size)
{
    struct buffer bytes = {0};
    uint8_t trailer[12] = {0, 0, 2, 0, 0, 0, 0, 0, 0, 0, (uint8_t)(size >> 8), (uint8_t)size};
    buffer_append(&bytes, small.bytes, small.size);
    buffer_append(&bytes, der, size);
    buffer_append(&bytes, trailer, sizeof(trailer));
    buffer_string(&bytes, "~Module signature appended~\n");
    return bytes;
}

/* Signs as the kernel's scripts/sign-file does, with those flags more or less. */
static struct buffer sign_with_cms(const EVP_MD *digest, unsigned flags)
{
    BIO *content = BIO_new_mem_buf(small.bytes, (int)small.size);
    CMS_ContentInfo *cms =
        CMS_sign(NULL, NULL, NULL, NULL,
                 (flags & CMS_NOCERTS) | CMS_PARTIAL | CMS_BINARY | CMS_DETACHED | CMS_STREAM);
    unsigned char *der = NULL;
    assert_non_null(content);
    assert_non_null(cms);
    assert_non_null(CMS_add1_signer(cms, key->certificate->x509, key->key, digest,
                                    CMS_BINARY | CMS_NOSMIMECAP | flags));
    assert_int_equal(CMS_final(cms, content, NULL, CMS_BINARY | (flags & CMS_NOCERTS)), 1);
    int length = i2d_CMS_ContentInfo(cms, &der);
    assert_true(length > 0);
    struct buffer bytes = with_cms(der, (size_t)length);
    OPENSSL_free(der);
    CMS_ContentInfo_free(cms);
    BIO_free(content);
    return bytes;
}

static void encoding_is_that_of_sign_file(void **state)
{
    (void)state;
    struct buffer bytes = sign_with_cms(EVP_sha256(), CMS_NOCERTS | CMS_NOATTR);
    assert_int_equal(bytes.length, signed_bytes.length);
    assert_memory_equal(bytes.data, signed_bytes.data, bytes.length);
    buffer_free(&bytes);
}

static void other_kinds_of_signatures_are_malformed(void **state)
{
    (void)state;
    struct buffer bytes = sign_with_cms(EVP_sha512(), CMS_NOCERTS | CMS_NOATTR);
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);
    bytes = sign_with_cms(EVP_sha256(), CMS_NOCERTS); /* with signed attributes */
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);
    bytes = sign_with_cms(EVP_sha256(), CMS_NOATTR); /* with the certificate */
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);
    bytes = sign_with_cms(EVP_sha256(), CMS_NOCERTS | CMS_NOATTR | CMS_USE_KEYID);
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);
}

static const uint8_t *cms_bytes(void)
{
    return (const uint8_t *)signed_bytes.data + small.size;
}

static size_t cms_size(void)
{
    return signed_bytes.length - small.size - TRAILER_SIZE;
}

/* Bytes that OpenSSL parses to the same structure. */
static void other_encodings_are_malformed(void **state)
{
    (void)state;
    uint8_t der[4096];
    size_t size = cms_size();
    assert_true(size + 8 < sizeof(der));

    /* The outer length in three bytes where two do. */
    const uint8_t *cms = cms_bytes();
    assert_int_equal(cms[1], 0x82);
    der[0] = cms[0];
    der[1] = 0x83;
    der[2] = 0;
    memcpy(der + 3, cms + 2, size - 2);
    struct buffer bytes = with_cms(der, size + 1);
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);

    /* Indefinite length. */
    der[0] = cms[0];
    der[1] = 0x80;
    memcpy(der + 2, cms + 4, size - 4);
    der[size - 2] = der[size - 1] = 0;
    bytes = with_cms(der, size);
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);

    /* A byte after the structure. */
    memcpy(der, cms, size);
    der[size] = 0;
    bytes = with_cms(der, size + 1);
    assert_int_equal(verdict(&bytes), SIGNATURE_MALFORMED);
    buffer_free(&bytes);
}

/* -- Keys ------------------------------------------------------------------------------------- */

static void expect_no_pair(const char *key_name, const char *certificate_name)
{
    char *key_path = path_of(key_name), *certificate_path = path_of(certificate_name);
    struct signing_key *loaded;
    unsigned before = diag_count(diag, DIAG_ERROR);
    assert_int_equal(signing_key_load(diag, key_path, certificate_path, &loaded), -1);
    assert_null(loaded);
    assert_int_equal(diag_count(diag, DIAG_ERROR), before + 1);
    free(key_path);
    free(certificate_path);
}

static void write_key(const char *name, EVP_PKEY *pkey, const EVP_CIPHER *cipher)
{
    char *path = path_of(name);
    umask(077);
    FILE *file = fopen(path, "w");
    umask(022);
    assert_non_null(file);
    assert_int_equal(PEM_write_PrivateKey(file, pkey, cipher, (const unsigned char *)"secret",
                                          cipher ? 6 : 0, NULL, NULL),
                     1);
    fclose(file);
    free(path);
}

static void refuses_unfit_keys(void **state)
{
    (void)state;
    expect_no_pair("missing.key", "first.crt");
    expect_no_pair("first.key", "missing.crt");
    expect_no_pair("first.crt", "first.crt");
    expect_no_pair("first.key", "first.key");
    expect_no_pair("first.key", "second.crt");
    expect_no_pair(".", "first.crt");

    write_key("encrypted.key", key->key, EVP_aes_256_cbc());
    expect_no_pair("encrypted.key", "first.crt");

    EVP_PKEY *weak = EVP_RSA_gen(1024), *curve = EVP_EC_gen("P-256");
    assert_non_null(weak);
    assert_non_null(curve);
    write_key("weak.key", weak, NULL);
    expect_no_pair("weak.key", "first.crt");
    write_key("curve.key", curve, NULL);
    expect_no_pair("curve.key", "first.crt");
    EVP_PKEY_free(weak);
    EVP_PKEY_free(curve);
}

static void refuses_keys_that_others_read(void **state)
{
    (void)state;
    write_key("open.key", key->key, NULL);
    char *path = path_of("open.key");
    static const mode_t bad[] = {0644, 0640, 0604, 0620, 0602};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(chmod(path, bad[i]), 0);
        expect_no_pair("open.key", "first.crt");
    }
    assert_int_equal(chmod(path, 0400), 0);
    struct signing_key *loaded;
    char *certificate_path = path_of("first.crt");
    assert_int_equal(signing_key_load(diag, path, certificate_path, &loaded), 0);
    signing_key_free(loaded);
    free(certificate_path);
    free(path);
}

static void new_keys_are_private_and_never_overwrite(void **state)
{
    (void)state;
    char *key_path = path_of("first.key"), *certificate_path = path_of("fresh.crt");
    struct stat status;
    assert_int_equal(stat(key_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(signing_key_generate(diag, "first", key_path, certificate_path), -1);
    assert_false(file_exists(certificate_path));
    assert_int_equal(X509_get_extension_flags(certificate->x509) & (EXFLAG_CA | EXFLAG_INVALID), 0);
    assert_int_equal(X509_get_key_usage(certificate->x509), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(certificate->x509), XKU_CODE_SIGN);
    assert_non_null(X509_get0_subject_key_id(certificate->x509));
    assert_non_null(X509_get0_authority_key_id(certificate->x509));
    free(key_path);
    free(certificate_path);
}

static void certificates_are_read_as_der_too(void **state)
{
    (void)state;
    char *path = path_of("first.der");
    unsigned char *der = NULL;
    struct certificate *loaded;
    int length = i2d_X509(certificate->x509, &der);
    assert_true(length > 0);
    assert_int_equal(file_write_atomic(diag, path, der, (size_t)length, 0644), 0);
    OPENSSL_free(der);
    assert_int_equal(certificate_load(diag, path, &loaded), 0);
    assert_string_equal(certificate_fingerprint(loaded), certificate_fingerprint(certificate));
    certificate_free(loaded);
    free(path);
}

/* Parallel builds of a new user: all get the same key. */
static void development_key_is_made_once(void **state)
{
    (void)state;
    struct certificate *made;
    assert_int_equal(development_certificate_load(diag, &made), 0);
    assert_null(made);
    enum { CHILDREN = 4 };
    pid_t children[CHILDREN];
    int fingerprints[2];
    assert_int_equal(pipe(fingerprints), 0);
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct signing_key *loaded;
            if (development_key_load(diag, &loaded) || !signing_key_is_development(loaded))
                _exit(1);
            const char *text = certificate_fingerprint(signing_key_certificate(loaded));
            _exit(write(fingerprints[1], text, 64) == 64 ? 0 : 1);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_int_equal(development_certificate_load(diag, &made), 0);
    assert_non_null(made);
    for (int i = 0; i < CHILDREN; i++) {
        char text[65] = "";
        assert_int_equal(read(fingerprints[0], text, 64), 64);
        assert_string_equal(text, certificate_fingerprint(made));
    }
    certificate_free(made);
    close(fingerprints[0]);
    close(fingerprints[1]);
    struct stat status;
    char *path = path_of("rexc");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    free(path);
    path = path_of("rexc/development.key");
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    free(path);
}

static void development_key_needs_a_private_directory(void **state)
{
    (void)state;
    char *home = path_of("open"), *inside = path_of("open/rexc");
    struct signing_key *loaded;
    assert_int_equal(file_make_directories(diag, inside, 0700), 0);
    assert_int_equal(chmod(inside, 0777), 0);
    setenv("XDG_CONFIG_HOME", home, 1);
    assert_int_equal(development_key_load(diag, &loaded), -1);
    setenv("XDG_CONFIG_HOME", directory, 1);
    free(home);
    free(inside);
}

static void signing_survives_every_failed_allocation(void **state)
{
    (void)state;
    unsigned long n;
    for (n = 0;; n++) {
        struct buffer bytes = {0};
        struct signature_check check = {0};
        buffer_append(&bytes, small.bytes, small.size);
        fault_arm(n);
        int result = signature_append(diag, "small", key, &bytes);
        if (result == 0)
            result = signature_check(diag, (const uint8_t *)bytes.data, bytes.length, &certificate,
                                     1, NULL, 0, &check);
        bool failed = fault_disarm();
        /* An allocation that OpenSSL can do without may fail and the signature be right all the
         * same; a wrong one is never called right. */
        if (result == 0 && check.verdict == SIGNATURE_TRUSTED) {
            assert_int_equal(bytes.length, signed_bytes.length);
            assert_memory_equal(bytes.data, signed_bytes.data, bytes.length);
        } else {
            assert_true(failed);
        }
        signature_check_free(&check);
        buffer_free(&bytes);
        if (!failed)
            break;
    }
    assert_true(n > 3);
}

/* So that OpenSSL's allocations can be made to fail where the C library's malloc cannot be
 * replaced. */

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static void *counted_realloc(void *block, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(block, size);
}

static void counted_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    free(block);
}

int main(void)
{
    if (CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free) != 1)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signed_object_is_trusted),
        cmocka_unit_test(signing_again_gives_the_same_bytes),
        cmocka_unit_test(trust_is_by_certificate),
        cmocka_unit_test(name_without_the_key_is_tampering),
        cmocka_unit_test(no_flipped_bit_verifies),
        cmocka_unit_test(no_truncation_verifies),
        cmocka_unit_test(nothing_may_follow_or_come_between),
        cmocka_unit_test(encoding_is_that_of_sign_file),
        cmocka_unit_test(other_kinds_of_signatures_are_malformed),
        cmocka_unit_test(other_encodings_are_malformed),
        cmocka_unit_test(refuses_unfit_keys),
        cmocka_unit_test(refuses_keys_that_others_read),
        cmocka_unit_test(new_keys_are_private_and_never_overwrite),
        cmocka_unit_test(certificates_are_read_as_der_too),
        cmocka_unit_test(development_key_is_made_once),
        cmocka_unit_test(development_key_needs_a_private_directory),
        cmocka_unit_test(signing_survives_every_failed_allocation),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
