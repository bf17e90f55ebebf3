/* SPDX-License-Identifier: Apache-2.0 */
/* What keys.c and signature.c share, apart from keys.h so that nobody else needs OpenSSL's headers.
 */
#ifndef REXC_LINKER_KEYS_OPENSSL_H
#define REXC_LINKER_KEYS_OPENSSL_H

#include "base/hash.h"
#include "linker/keys.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

struct certificate {
    X509 *x509;
    char fingerprint[HASH_HEX_SIZE];
};

struct signing_key {
    EVP_PKEY *key;
    struct certificate *certificate;
    bool development;
};

/* OpenSSL's reason for its last failure; takes the reasons off its queue. */
const char *openssl_reason(void);

#endif
