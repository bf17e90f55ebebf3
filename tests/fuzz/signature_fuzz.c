/* SPDX-License-Identifier: Apache-2.0 */
/* The signature tail. The certificate is one that signed nothing, so that nothing may be called
 * trusted. */
#include "base/diag.h"
#include "linker/keys_openssl.h"
#include "linker/signature.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A certificate with the names of the corpus' signatures and a key made here, whose private half is
 * thrown away. */
static const struct certificate *stranger(void)
{
    static struct certificate certificate;
    EVP_PKEY *key = EVP_RSA_gen(2048);
    X509 *x509 = X509_new();
    if (!key || !x509 || !X509_set_pubkey(x509, key) ||
        !X509_NAME_add_entry_by_txt(X509_get_issuer_name(x509), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)"corpus", -1, -1, 0) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(x509), 1))
        abort();
    EVP_PKEY_free(key);
    certificate.x509 = x509;
    return &certificate;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct certificate *certificate;
    static FILE *sink;
    if (!certificate) {
        certificate = stranger();
        sink = fopen("/dev/null", "w");
    }
    struct diag_options options = {.stream = sink};
    struct diag *diag = diag_new(&options);
    struct signature_check check;
    if (signature_check(diag, data, size, &certificate, 1, NULL, 0, &check) == 0) {
        if (check.verdict == SIGNATURE_TRUSTED || check.intact)
            abort();
        signature_report(diag, "input", &check, true);
    }
    signature_check_free(&check);
    diag_free(diag);
    return 0;
}
