/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature at the end of an object, as the kernel's scripts/sign-file appends it to a module:
 * a detached CMS SignedData (RFC 5652) over all bytes before it, struct module_signature, magic.
 * There is exactly one encoding: SHA-256 with RSA (PKCS #1 v1.5, so that signing again gives the
 * same bytes), one signer named by issuer and serial number, no attributes, no certificates. What
 * differs from it in one bit does not verify.
 */
#ifndef REXC_LINKER_SIGNATURE_H
#define REXC_LINKER_SIGNATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer;
struct certificate;
struct diag;
struct signing_key;

/* Appends the signature to an unsigned object's bytes. Reports and returns -1 on failure, when the
 * bytes are signed already too. name is for messages. */
int signature_append(struct diag *diag, const char *name, const struct signing_key *key,
                     struct buffer *bytes);

enum signature_verdict {
    SIGNATURE_TRUSTED,   /* made by the key of a trusted certificate over exactly these bytes */
    SIGNATURE_UNTRUSTED, /* well-formed, by none of the trusted certificates; see `intact` */
    SIGNATURE_UNSIGNED,  /* no signature */
    SIGNATURE_TAMPERED,  /* names a certificate that is known, but does not verify with it */
    SIGNATURE_MALFORMED, /* ends like a signed object, but holds no signature in the one encoding */
};

struct signature_check {
    enum signature_verdict verdict;
    /* The bytes are as they were signed. A signature holds no certificate; so without the signer's
     * certificate, trusted or merely known, nobody can tell, and this is false. */
    bool intact;
    char *issuer; /* RFC 2253 form, printable ASCII; NULL unless trusted, untrusted or tampered */
    char *serial; /* hexadecimal; as issuer */
    const char *problem; /* what is wrong, when malformed */
    /* The certificate that names the signer, trusted or known; NULL when there is none. */
    const struct certificate *signer;
};

/* Checks the signature of a file's bytes, signature included. `trusted` are the certificates to
 * trust; `known`, of which each may be NULL, those that are only used to tell an intact object from
 * a damaged one. Returns -1 only when memory runs out; the verdict is not reported. */
int signature_check(struct diag *diag, const uint8_t *bytes, size_t size,
                    const struct certificate *const *trusted, size_t trusted_count,
                    const struct certificate *const *known, size_t known_count,
                    struct signature_check *check);
void signature_check_free(struct signature_check *check);

/* "trusted", "untrusted", "unsigned", "tampered", "malformed". */
const char *signature_verdict_name(enum signature_verdict verdict);
/* Reports a verdict other than SIGNATURE_TRUSTED as an error with its code. Returns 0 for
 * SIGNATURE_TRUSTED and, when integrity is enough, for SIGNATURE_UNTRUSTED that is intact; else -1.
 */
int signature_report(struct diag *diag, const char *name, const struct signature_check *check,
                     bool integrity_is_enough);

#endif
