/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys (RSA) and X.509 certificates. Private keys are PEM files that only their owner can
 * read; certificates are PEM or DER. All paths are the caller's; nothing is trusted by default.
 */
#ifndef REXC_LINKER_KEYS_H
#define REXC_LINKER_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* Sizes of keys that are taken, and that keys are made with. Kernels take 2048 to 4096 bits; 3072
 * bits are the 128-bit security level (NIST SP 800-57), and sign in half the time of 4096. */
#define KEY_BITS_MIN 2048
#define KEY_BITS_MAX 4096
#define KEY_BITS_NEW 3072

struct certificate; /* an X.509 certificate with an RSA key */
struct signing_key; /* a private key and its certificate */

/* Reads a certificate, and checks that objects can be verified with it. */
int certificate_load(struct diag *diag, const char *path, struct certificate **certificate);
void certificate_free(struct certificate *certificate);
/* SHA-256 of its DER form, lower-case hexadecimal. */
const char *certificate_fingerprint(const struct certificate *certificate);
/* Its DER form, to free(). */
int certificate_der(struct diag *diag, const struct certificate *certificate, uint8_t **der,
                    size_t *size);

/* Reads a pair, and checks that it is one and fit for signing. */
int signing_key_load(struct diag *diag, const char *key_path, const char *certificate_path,
                     struct signing_key **key);
void signing_key_free(struct signing_key *key);
const struct certificate *signing_key_certificate(const struct signing_key *key);
/* Whether it is the per-user development key, whose signature says nothing about who signed. */
bool signing_key_is_development(const struct signing_key *key);

/* Makes a key (mode 0600) and a self-signed certificate for it with that common name (1 to 64
 * bytes); refuses to overwrite a file. */
int signing_key_generate(struct diag *diag, const char *common_name, const char *key_path,
                         const char *certificate_path);

/* Where the development key and certificate are: development.key and development.crt in
 * $XDG_CONFIG_HOME/rexc or
 * ~/.config/rexc. To free(). */
int development_key_paths(struct diag *diag, char **key_path, char **certificate_path);
/* Reads the development key; makes it first when there is none, at most once however many processes
 * ask at the same time. */
int development_key_load(struct diag *diag, struct signing_key **key);
/* The development certificate; *certificate is NULL, without an error, when there is none. */
int development_certificate_load(struct diag *diag, struct certificate **certificate);

#endif
