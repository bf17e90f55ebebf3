/* SPDX-License-Identifier: Apache-2.0 */
/* How the process uses OpenSSL. */
#ifndef REXC_BASE_CRYPTO_H
#define REXC_BASE_CRYPTO_H

/* Settles what OpenSSL would otherwise settle at its first use, so it comes before any: no
 * configuration file is read, and no algorithm is known by name alone. Neither OPENSSL_CONF nor the
 * machine's openssl.cnf can then change what signing and verifying do, and the first digest costs
 * a fifth. Ends the process (see memory.h) when OpenSSL cannot. */
void crypto_settle(void);

#endif
