/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct hash {
    EVP_MD_CTX *context;
};

static _Noreturn void hash_failed(void)
{
    fputs("error[REX0002]: OpenSSL cannot compute a SHA-256 digest\n", stderr);
    exit(3);
}

struct hash *hash_begin(void)
{
    struct hash *hash = must_alloc(1, sizeof(*hash));
    hash->context = EVP_MD_CTX_new();
    if (!hash->context || !EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL))
        hash_failed();
    return hash;
}

void hash_add(struct hash *hash, const void *bytes, size_t size)
{
    if (!EVP_DigestUpdate(hash->context, bytes, size))
        hash_failed();
}

void hash_add_string(struct hash *hash, const char *text)
{
    hash_add(hash, text, strlen(text) + 1);
}

void hash_end(struct hash *hash, char hex[HASH_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    if (!EVP_DigestFinal_ex(hash->context, digest, &length) || length != 32)
        hash_failed();
    for (size_t i = 0; i < length; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[64] = '\0';
    EVP_MD_CTX_free(hash->context);
    free(hash);
}

void hash_bytes(const void *bytes, size_t size, char hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_begin();
    hash_add(hash, bytes, size);
    hash_end(hash, hex);
}

int hash_file(struct diag *diag, const char *path, char hex[HASH_HEX_SIZE])
{
    char *data;
    size_t size;
    if (file_read(diag, path, 0, &data, &size))
        return -1;
    hash_bytes(data, size, hex);
    free(data);
    return 0;
}
