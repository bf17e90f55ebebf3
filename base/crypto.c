/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

void crypto_settle(void)
{
    /* OPENSSL_init_crypto(3): what was said first is kept. The tables of names are for
     * EVP_get_digestbyname() and its like; here every algorithm is asked for by its own function.
     */
    if (!OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                 OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                             NULL)) {
        fputs("error[REX0002]: OpenSSL cannot be initialised\n", stderr);
        exit(3);
    }
}
