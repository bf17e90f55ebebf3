/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/signature.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/keys_openssl.h"
#include "linker/object.h"

#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <stdlib.h>
#include <string.h>

/* The kernel's include/linux/module_signature.h; sig_len is big-endian, all unnamed members are 0
 * for PKCS #7. */
struct module_signature {
    uint8_t algorithm;
    uint8_t hash;
    uint8_t id_type;
    uint8_t signer_length;
    uint8_t key_id_length;
    uint8_t padding[3];
    uint8_t signature_length[4];
};
_Static_assert(sizeof(struct module_signature) == 12, "as the kernel has it");

#define PKEY_ID_PKCS7 2
static const char magic[] = "~Module signature appended~\n";
#define MAGIC_SIZE (sizeof(magic) - 1)
#define TRAILER_SIZE (sizeof(struct module_signature) + MAGIC_SIZE)

/* An RSA signature of 512 bytes, an issuer's name and the framing fit many times. */
#define CMS_SIZE_MAX ((size_t)16 << 10)

static int out_of_memory(struct diag *diag)
{
    diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for a signature");
    return -1;
}

/* -- The one encoding ------------------------------------------------------------------------- */

/* The DER form of what names a signer. */
static int encode_name(const X509_NAME *name, unsigned char **der)
{
    *der = NULL;
    return i2d_X509_NAME(name, der);
}

static bool set_algorithm(X509_ALGOR *algorithm, int nid, int parameter_type)
{
    return X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), parameter_type, NULL) == 1;
}

/* The CMS for a signature value by the key of that certificate. OpenSSL's structure of PKCS #7 1.5
 * is used, since its members can be reached one by one; without attributes and certificates, the
 * two standards have the same encoding. NULL when memory runs out. */
static PKCS7 *make_cms(X509 *x509, const uint8_t *value, size_t size)
{
    PKCS7 *cms = PKCS7_new();
    PKCS7_SIGNER_INFO *signer = PKCS7_SIGNER_INFO_new();
    X509_ALGOR *digest = X509_ALGOR_new();
    if (!cms || !signer || !digest || PKCS7_set_type(cms, NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(cms, NID_pkcs7_data) != 1 || PKCS7_set_detached(cms, 1) != 1)
        goto fail;
    if (ASN1_INTEGER_set(cms->d.sign->version, 1) != 1 ||
        ASN1_INTEGER_set(signer->version, 1) != 1 ||
        X509_NAME_set(&signer->issuer_and_serial->issuer, X509_get_issuer_name(x509)) != 1)
        goto fail;
    /* RFC 5754: SHA-256 without parameters; RFC 3370: rsaEncryption with NULL. */
    if (!set_algorithm(digest, NID_sha256, V_ASN1_UNDEF) ||
        !set_algorithm(signer->digest_alg, NID_sha256, V_ASN1_UNDEF) ||
        !set_algorithm(signer->digest_enc_alg, NID_rsaEncryption, V_ASN1_NULL))
        goto fail;
    ASN1_INTEGER_free(signer->issuer_and_serial->serial);
    signer->issuer_and_serial->serial = ASN1_INTEGER_dup(X509_get0_serialNumber(x509));
    if (!signer->issuer_and_serial->serial ||
        ASN1_OCTET_STRING_set(signer->enc_digest, value, (int)size) != 1)
        goto fail;
    if (sk_X509_ALGOR_push(cms->d.sign->md_algs, digest) <= 0)
        goto fail;
    digest = NULL;
    if (sk_PKCS7_SIGNER_INFO_push(cms->d.sign->signer_info, signer) <= 0)
        goto fail;
    return cms;
fail:
    X509_ALGOR_free(digest);
    PKCS7_SIGNER_INFO_free(signer);
    PKCS7_free(cms);
    return NULL;
}

static bool is_algorithm(const X509_ALGOR *algorithm, int nid, int parameter_type)
{
    const ASN1_OBJECT *object;
    int type;
    X509_ALGOR_get0(&object, &type, NULL, algorithm);
    return OBJ_obj2nid(object) == nid && type == parameter_type;
}

/* Whether a parsed CMS has no more and no less than make_cms puts there; its encoding is compared
 * apart. NULL when it is so, otherwise what is wrong. */
static const char *find_fault(const PKCS7 *cms, const PKCS7_SIGNER_INFO **signer)
{
    if (!PKCS7_type_is_signed(cms) || !cms->d.sign)
        return "not CMS SignedData";
    const PKCS7_SIGNED *data = cms->d.sign;
    if (ASN1_INTEGER_get(data->version) != 1)
        return "the version of its SignedData is not 1";
    if (data->cert || data->crl)
        return "it holds certificates or revocation lists";
    if (!data->contents || !PKCS7_type_is_data(data->contents) || data->contents->d.ptr)
        return "it is not detached from its content";
    if (sk_X509_ALGOR_num(data->md_algs) != 1 ||
        !is_algorithm(sk_X509_ALGOR_value(data->md_algs, 0), NID_sha256, V_ASN1_UNDEF))
        return "its digest algorithm is not SHA-256";
    if (sk_PKCS7_SIGNER_INFO_num(data->signer_info) != 1)
        return "it has not exactly one signer";
    const PKCS7_SIGNER_INFO *info = sk_PKCS7_SIGNER_INFO_value(data->signer_info, 0);
    if (ASN1_INTEGER_get(info->version) != 1)
        return "the version of its SignerInfo is not 1";
    if (info->auth_attr || info->unauth_attr)
        return "it holds attributes";
    if (!is_algorithm(info->digest_alg, NID_sha256, V_ASN1_UNDEF) ||
        !is_algorithm(info->digest_enc_alg, NID_rsaEncryption, V_ASN1_NULL))
        return "its signature algorithm is not RSA with SHA-256";
    *signer = info;
    return NULL;
}

/* -- Signing ---------------------------------------------------------------------------------- */

static int sign_failed(struct diag *diag, const char *name)
{
    struct diag_message message = {.code = DIAG_SIGN_FAILED, .at = {.file = name}};
    diag_report(diag, &message, "cannot sign: %s", openssl_reason());
    return -1;
}

/* The RSA signature value over the bytes; *value is to free(). */
static int sign_bytes(struct diag *diag, const char *name, const struct signing_key *key,
                      const struct buffer *bytes, uint8_t **value, size_t *size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    const unsigned char *content = (const unsigned char *)bytes->data;
    int result = -1;

    *value = NULL;
    if (!context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->key) != 1 ||
        EVP_DigestSign(context, NULL, size, content, bytes->length) != 1) {
        sign_failed(diag, name);
        goto out;
    }
    *value = malloc(*size);
    if (!*value) {
        out_of_memory(diag);
        goto out;
    }
    if (EVP_DigestSign(context, *value, size, content, bytes->length) != 1) {
        sign_failed(diag, name);
        goto out;
    }
    result = 0;
out:
    EVP_MD_CTX_free(context);
    return result;
}

int signature_append(struct diag *diag, const char *name, const struct signing_key *key,
                     struct buffer *bytes)
{
    uint8_t *value = NULL;
    unsigned char *der = NULL;
    PKCS7 *cms = NULL;
    size_t size;
    int result = -1;

    if (bytes->length >= MAGIC_SIZE &&
        memcmp(bytes->data + bytes->length - MAGIC_SIZE, magic, MAGIC_SIZE) == 0) {
        struct diag_message message = {.code = DIAG_ALREADY_SIGNED, .at = {.file = name}};
        diag_report(diag, &message, "the object is signed already");
        return -1;
    }
    if (sign_bytes(diag, name, key, bytes, &value, &size))
        goto out;
    cms = make_cms(key->certificate->x509, value, size);
    int length = cms ? i2d_PKCS7(cms, &der) : -1;
    if (length <= 0) {
        sign_failed(diag, name);
        goto out;
    }
    struct module_signature trailer = {
        .id_type = PKEY_ID_PKCS7,
        .signature_length = {(uint8_t)(length >> 24), (uint8_t)(length >> 16),
                             (uint8_t)(length >> 8), (uint8_t)length},
    };
    buffer_append(bytes, der, (size_t)length);
    buffer_append(bytes, &trailer, sizeof(trailer));
    if (buffer_append(bytes, magic, MAGIC_SIZE)) {
        out_of_memory(diag);
        goto out;
    }
    result = 0;
out:
    OPENSSL_free(der);
    PKCS7_free(cms);
    free(value);
    return result;
}

/* -- Checking --------------------------------------------------------------------------------- */

/* Whether the signature names that certificate. Names are compared byte by byte: X509_NAME_cmp
 * takes no notice of case and spaces. Returns -1 when memory runs out. */
static int names_certificate(const PKCS7_SIGNER_INFO *signer, const struct certificate *certificate)
{
    unsigned char *theirs = NULL, *ours = NULL;
    if (ASN1_INTEGER_cmp(signer->issuer_and_serial->serial,
                         X509_get0_serialNumber(certificate->x509)) != 0)
        return 0;
    int their_length = encode_name(signer->issuer_and_serial->issuer, &theirs);
    int our_length = encode_name(X509_get_issuer_name(certificate->x509), &ours);
    int result = -1;
    if (their_length > 0 && our_length > 0)
        result = their_length == our_length && memcmp(theirs, ours, (size_t)our_length) == 0;
    OPENSSL_free(theirs);
    OPENSSL_free(ours);
    return result;
}

/* Finds the certificate that the signature names. Returns -1 when memory runs out. */
static int find_signer(const PKCS7_SIGNER_INFO *signer, const struct certificate *const *list,
                       size_t count, const struct certificate **found)
{
    *found = NULL;
    for (size_t i = 0; i < count && !*found; i++) {
        int named = list[i] ? names_certificate(signer, list[i]) : 0;
        if (named < 0)
            return -1;
        if (named)
            *found = list[i];
    }
    return 0;
}

/* Whether the signature value is the one of that certificate's key over the bytes. Returns -1 when
 * memory runs out. */
static int verifies(const PKCS7_SIGNER_INFO *signer, const struct certificate *certificate,
                    const uint8_t *bytes, size_t size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context)
        return -1;
    EVP_PKEY *key = X509_get0_pubkey(certificate->x509);
    int result = -1;
    if (EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1)
        result = EVP_DigestVerify(context, ASN1_STRING_get0_data(signer->enc_digest),
                                  (size_t)ASN1_STRING_length(signer->enc_digest), bytes, size) == 1;
    ERR_clear_error();
    EVP_MD_CTX_free(context);
    return result;
}

/* Names the signer for people. */
static int describe_signer(const PKCS7_SIGNER_INFO *signer, struct signature_check *check)
{
    BIO *bio = BIO_new(BIO_s_mem());
    if (!bio)
        return -1;
    int result = -1;
    BIGNUM *serial = ASN1_INTEGER_to_BN(signer->issuer_and_serial->serial, NULL);
    char *digits = serial ? BN_bn2hex(serial) : NULL;
    /* XN_FLAG_RFC2253 escapes control characters and bytes above ASCII. */
    if (digits &&
        X509_NAME_print_ex(bio, signer->issuer_and_serial->issuer, 0, XN_FLAG_RFC2253) >= 0) {
        char *text;
        long length = BIO_get_mem_data(bio, &text);
        check->issuer = length > 0 ? strndup(text, (size_t)length) : strdup("");
        check->serial = strdup(digits);
        result = check->issuer && check->serial ? 0 : -1;
    }
    OPENSSL_free(digits);
    BN_free(serial);
    BIO_free(bio);
    ERR_clear_error();
    return result;
}

/* Parses the tail. Returns 0 with *cms NULL and check->problem set when it is not as it has to be.
 */
static int parse_tail(struct diag *diag, const uint8_t *tail, size_t size, PKCS7 **cms,
                      const PKCS7_SIGNER_INFO **signer, struct signature_check *check)
{
    size_t cms_size = size - TRAILER_SIZE;
    struct module_signature trailer;
    const struct module_signature canonical = {.id_type = PKEY_ID_PKCS7};

    *cms = NULL;
    memcpy(&trailer, tail + cms_size, sizeof(trailer));
    /* object_split_signature has looked at the length; all else has one value. */
    if (memcmp(&trailer, &canonical, offsetof(struct module_signature, signature_length)) != 0) {
        check->problem = "its struct module_signature is not that of a PKCS #7 signature";
        return 0;
    }
    if (cms_size > CMS_SIZE_MAX) {
        check->problem = "it is too long";
        return 0;
    }
    const unsigned char *at = tail;
    PKCS7 *parsed = d2i_PKCS7(NULL, &at, (long)cms_size);
    ERR_clear_error();
    if (!parsed) {
        check->problem = "not CMS";
        return 0;
    }
    check->problem = find_fault(parsed, signer);
    if (!check->problem) {
        unsigned char *again = NULL;
        int length = i2d_PKCS7(parsed, &again);
        if (length < 0) {
            PKCS7_free(parsed);
            return out_of_memory(diag);
        }
        if ((size_t)length != cms_size || memcmp(again, tail, cms_size) != 0)
            check->problem = "it is not in its canonical encoding";
        OPENSSL_free(again);
    }
    if (check->problem)
        PKCS7_free(parsed);
    else
        *cms = parsed;
    return 0;
}

int signature_check(struct diag *diag, const uint8_t *bytes, size_t size,
                    const struct certificate *const *trusted, size_t trusted_count,
                    const struct certificate *const *known, size_t known_count,
                    struct signature_check *check)
{
    const PKCS7_SIGNER_INFO *signer = NULL;
    PKCS7 *cms;
    size_t elf_size;
    bool is_signed;

    *check = (struct signature_check){.verdict = SIGNATURE_MALFORMED};
    if (object_split_signature(bytes, size, &elf_size, &is_signed)) {
        check->problem = "its lengths do not fit the file";
        return 0;
    }
    if (!is_signed) {
        check->verdict = SIGNATURE_UNSIGNED;
        return 0;
    }
    if (parse_tail(diag, bytes + elf_size, size - elf_size, &cms, &signer, check))
        return -1;
    if (!cms)
        return 0;
    bool is_trusted = false;
    int verified = 0;
    if (describe_signer(signer, check) ||
        find_signer(signer, trusted, trusted_count, &check->signer))
        goto fail;
    is_trusted = check->signer != NULL;
    if (!check->signer && find_signer(signer, known, known_count, &check->signer))
        goto fail;
    if (check->signer)
        verified = verifies(signer, check->signer, bytes, elf_size);
    if (verified < 0)
        goto fail;
    check->intact = verified;
    if (check->signer && !check->intact)
        check->verdict = SIGNATURE_TAMPERED;
    else
        check->verdict = is_trusted ? SIGNATURE_TRUSTED : SIGNATURE_UNTRUSTED;
    PKCS7_free(cms);
    return 0;
fail:
    PKCS7_free(cms);
    signature_check_free(check);
    return out_of_memory(diag);
}

void signature_check_free(struct signature_check *check)
{
    free(check->issuer);
    free(check->serial);
    check->issuer = NULL;
    check->serial = NULL;
}

const char *signature_verdict_name(enum signature_verdict verdict)
{
    static const char *const names[] = {
        [SIGNATURE_TRUSTED] = "trusted",     [SIGNATURE_UNTRUSTED] = "untrusted",
        [SIGNATURE_UNSIGNED] = "unsigned",   [SIGNATURE_TAMPERED] = "tampered",
        [SIGNATURE_MALFORMED] = "malformed",
    };
    return names[verdict];
}

int signature_report(struct diag *diag, const char *name, const struct signature_check *check,
                     bool integrity_is_enough)
{
    struct diag_message message = {.at = {.file = name}};
    switch (check->verdict) {
    case SIGNATURE_TRUSTED:
        return 0;
    case SIGNATURE_UNTRUSTED:
        if (check->intact && integrity_is_enough)
            return 0;
        message.code = DIAG_SIGNER_UNTRUSTED;
        message.help = "name the signer's certificate with --cert if you trust it";
        diag_report(diag, &message,
                    check->intact
                        ? "intact, signer not trusted: %s, serial %s"
                        : "signed by %s, serial %s, whose certificate is not at hand, so that "
                          "nobody can tell whether the object is intact",
                    check->issuer, check->serial);
        return -1;
    case SIGNATURE_UNSIGNED:
        message.code = DIAG_SIGNATURE_MISSING;
        message.help = "sign it: rexc sign FILE --key KEY --cert CERT";
        diag_report(diag, &message, "the object is not signed");
        return -1;
    case SIGNATURE_TAMPERED:
        message.code = DIAG_SIGNATURE_TAMPERED;
        message.help = "build or fetch the object again";
        diag_report(diag, &message, "not as signed by %s, serial %s", check->issuer, check->serial);
        return -1;
    case SIGNATURE_MALFORMED:
        break;
    }
    message.code = DIAG_SIGNATURE_MALFORMED;
    message.help = "build or fetch the object again";
    diag_report(diag, &message, "the signature is malformed: %s", check->problem);
    return -1;
}
