/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), by OpenSSL. */
#ifndef REXC_BASE_HASH_H
#define REXC_BASE_HASH_H

#include <stddef.h>

#define HASH_HEX_SIZE 65 /* 64 hexadecimal digits and NUL */

/* The digest of bytes as lower-case hexadecimal. Ends the process (see memory.h) when OpenSSL
 * cannot. */
void hash_bytes(const void *bytes, size_t size, char hex[HASH_HEX_SIZE]);

struct hash;
struct hash *hash_begin(void);
void hash_add(struct hash *hash, const void *bytes, size_t size);
/* Adds a string with its terminating NUL, so that ("ab","c") and ("a","bc") differ. */
void hash_add_string(struct hash *hash, const char *text);
/* Ends it and frees the state. */
void hash_end(struct hash *hash, char hex[HASH_HEX_SIZE]);

struct diag;
int hash_file(struct diag *diag, const char *path, char hex[HASH_HEX_SIZE]);

#endif
