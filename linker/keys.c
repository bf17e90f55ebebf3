/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/keys.h"
#include "base/diag.h"
#include "base/file.h"
#include "linker/keys_openssl.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Largest key or certificate file, bytes. */
#define PEM_FILE_MAX ((size_t)64 << 10)
/* The kernel's own default for module signing certificates, days. */
#define CERTIFICATE_DAYS 36500

const char *openssl_reason(void)
{
    unsigned long error = ERR_peek_last_error();
    const char *reason = error ? ERR_reason_error_string(error) : NULL;
    ERR_clear_error();
    return reason ? reason : "OpenSSL gives no reason";
}

static int out_of_memory(struct diag *diag)
{
    diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory for a key or certificate");
    return -1;
}

static int report(struct diag *diag, enum diag_code code, const char *path, const char *help,
                  const char *what)
{
    struct diag_message message = {.code = code, .at = {.file = path}, .help = help};
    diag_report(diag, &message, "%s", what);
    return -1;
}

/* -- Certificates ----------------------------------------------------------------------------- */

/* Whether the key is RSA of a size that kernels verify. RSA-PSS keys are another type to OpenSSL.
 */
static bool is_suitable_key(const EVP_PKEY *key)
{
    return EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) >= KEY_BITS_MIN &&
           EVP_PKEY_get_bits(key) <= KEY_BITS_MAX;
}

static int check_certificate(struct diag *diag, const char *path, X509 *x509)
{
    const EVP_PKEY *key = X509_get0_pubkey(x509);
    if (!key || !is_suitable_key(key))
        return report(diag, DIAG_KEY_UNSUITABLE, path, "make a pair with `rexc keygen NAME`",
                      "the certificate's key is not RSA of 2048 to 4096 bits");
    /* UINT32_MAX when there is no keyUsage. */
    if (!(X509_get_key_usage(x509) & KU_DIGITAL_SIGNATURE))
        return report(diag, DIAG_KEY_UNSUITABLE, path, "make a pair with `rexc keygen NAME`",
                      "the certificate is not for digital signatures (its keyUsage says so)");
    return 0;
}

/* Takes ownership of x509. */
static int adopt_certificate(struct diag *diag, X509 *x509, struct certificate **certificate)
{
    unsigned char *der = NULL;
    int length = i2d_X509(x509, &der);
    *certificate = calloc(1, sizeof(**certificate));
    if (length < 0 || !*certificate) {
        X509_free(x509);
        OPENSSL_free(der);
        free(*certificate);
        *certificate = NULL;
        return out_of_memory(diag);
    }
    (*certificate)->x509 = x509;
    hash_bytes(der, (size_t)length, (*certificate)->fingerprint);
    OPENSSL_free(der);
    return 0;
}

int certificate_load(struct diag *diag, const char *path, struct certificate **certificate)
{
    char *bytes;
    size_t size;
    X509 *x509 = NULL;

    *certificate = NULL;
    if (file_read(diag, path, PEM_FILE_MAX, &bytes, &size))
        return -1;
    BIO *bio = BIO_new_mem_buf(bytes, (int)size);
    if (!bio) {
        free(bytes);
        return out_of_memory(diag);
    }
    x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (!x509) {
        ERR_clear_error();
        const unsigned char *at = (const unsigned char *)bytes;
        x509 = d2i_X509(NULL, &at, (long)size);
    }
    BIO_free(bio);
    free(bytes);
    if (!x509) {
        ERR_clear_error();
        return report(diag, DIAG_KEY_UNREADABLE, path, "make a pair with `rexc keygen NAME`",
                      "not an X.509 certificate in PEM or DER form");
    }
    if (check_certificate(diag, path, x509)) {
        X509_free(x509);
        return -1;
    }
    return adopt_certificate(diag, x509, certificate);
}

void certificate_free(struct certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->x509);
    free(certificate);
}

const char *certificate_fingerprint(const struct certificate *certificate)
{
    return certificate->fingerprint;
}

int certificate_der(struct diag *diag, const struct certificate *certificate, uint8_t **der,
                    size_t *size)
{
    *der = NULL;
    int length = i2d_X509(certificate->x509, der);
    if (length < 0)
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "a certificate cannot be encoded: %s",
                          openssl_reason());
    *size = (size_t)length;
    return 0;
}

/* -- Private keys ----------------------------------------------------------------------------- */

/* OpenSSL asks for a passphrase when a key is encrypted, unless it does not know the cipher that an
 * RFC 1421 header names; the process may know none by name (base/crypto.h). */
static int refuse_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

static bool has_unknown_cipher(void)
{
    const unsigned long error = ERR_peek_last_error();
    return ERR_GET_LIB(error) == ERR_LIB_PEM &&
           ERR_GET_REASON(error) == PEM_R_UNSUPPORTED_ENCRYPTION;
}

/* Reads a private key file, whose permissions are looked at on the open file, so that it cannot be
 * exchanged between the look and the reading. */
static int read_private_key(struct diag *diag, const char *path, EVP_PKEY **key)
{
    struct stat status;
    bool asked = false;
    int result = -1;

    *key = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
    if (!file || fstat(fd, &status)) {
        char reason[256];
        snprintf(reason, sizeof(reason), "the private key cannot be read: %s", strerror(errno));
        report(diag, DIAG_KEY_UNREADABLE, path, "make a pair with `rexc keygen NAME`", reason);
        goto out;
    }
    if (!S_ISREG(status.st_mode)) {
        report(diag, DIAG_KEY_UNREADABLE, path, NULL, "not a regular file");
        goto out;
    }
    if ((status.st_mode & 077) != 0) {
        report(diag, DIAG_KEY_PERMISSIONS, path, "chmod 600 the file",
               "the private key can be read or written by others than its owner");
        goto out;
    }
    if (status.st_uid != geteuid() && geteuid() != 0) {
        report(diag, DIAG_KEY_PERMISSIONS, path, "use a key of your own",
               "the private key belongs to another user");
        goto out;
    }
    *key = PEM_read_PrivateKey(file, NULL, refuse_passphrase, &asked);
    if (asked || (!*key && has_unknown_cipher())) {
        report(diag, DIAG_KEY_ENCRYPTED, path,
               "decrypt it: umask 077; openssl pkey -in KEY -out PLAIN", "the key is encrypted");
        goto out;
    }
    if (!*key) {
        report(diag, DIAG_KEY_UNREADABLE, path, "make a pair with `rexc keygen NAME`",
               "not a private key in PEM form");
        goto out;
    }
    if (!is_suitable_key(*key)) {
        report(diag, DIAG_KEY_UNSUITABLE, path, "make a pair with `rexc keygen NAME`",
               "the key is not RSA of 2048 to 4096 bits");
        goto out;
    }
    result = 0;
out:
    ERR_clear_error();
    if (result) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    if (file)
        fclose(file);
    else if (fd >= 0)
        close(fd);
    return result;
}

int signing_key_load(struct diag *diag, const char *key_path, const char *certificate_path,
                     struct signing_key **key)
{
    *key = calloc(1, sizeof(**key));
    if (!*key)
        return out_of_memory(diag);
    if (read_private_key(diag, key_path, &(*key)->key) ||
        certificate_load(diag, certificate_path, &(*key)->certificate))
        goto fail;
    if (EVP_PKEY_eq(X509_get0_pubkey((*key)->certificate->x509), (*key)->key) != 1) {
        struct diag_message message = {
            .code = DIAG_KEY_MISMATCH,
            .at = {.file = certificate_path},
            .help = "name the certificate that was made with this key",
        };
        ERR_clear_error();
        diag_report(diag, &message, "the certificate is not one of the private key %s", key_path);
        goto fail;
    }
    return 0;
fail:
    signing_key_free(*key);
    *key = NULL;
    return -1;
}

void signing_key_free(struct signing_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    certificate_free(key->certificate);
    free(key);
}

const struct certificate *signing_key_certificate(const struct signing_key *key)
{
    return key->certificate;
}

bool signing_key_is_development(const struct signing_key *key)
{
    return key->development;
}

/* -- Making a pair ---------------------------------------------------------------------------- */

static bool add_extension(X509 *x509, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(x509, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

/* A serial number of 63 random bits: RFC 5280 asks for a positive one, and one that is unique per
 * issuer. */
static bool set_serial(X509 *x509)
{
    uint64_t serial;
    if (RAND_bytes((unsigned char *)&serial, sizeof(serial)) != 1)
        return false;
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), (serial >> 1) | 1) == 1;
}

/* A self-signed certificate as the kernel's certs/Makefile makes one for signing modules. */
static X509 *make_certificate(EVP_PKEY *key, const char *common_name)
{
    X509 *x509 = X509_new();
    if (!x509)
        return NULL;
    X509_NAME *name = X509_get_subject_name(x509);
    if (X509_set_version(x509, X509_VERSION_3) != 1 || !set_serial(x509) ||
        !X509_gmtime_adj(X509_getm_notBefore(x509), 0) ||
        !X509_time_adj_ex(X509_getm_notAfter(x509), CERTIFICATE_DAYS, 0, NULL) ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name,
                                   -1, -1, 0) != 1 ||
        X509_set_issuer_name(x509, name) != 1 || X509_set_pubkey(x509, key) != 1 ||
        !add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(x509, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(x509, NID_ext_key_usage, "codeSigning") ||
        !add_extension(x509, NID_subject_key_identifier, "hash") ||
        !add_extension(x509, NID_authority_key_identifier, "keyid:always") ||
        X509_sign(x509, key, EVP_sha256()) == 0) {
        X509_free(x509);
        return NULL;
    }
    return x509;
}

/* A pair as the text of two PEM files. */
struct pem_pair {
    BIO *key;
    BIO *certificate;
};

static void free_pair(struct pem_pair *pair)
{
    BIO_free(pair->key); /* a secure-memory BIO wipes its bytes */
    BIO_free(pair->certificate);
}

static int make_pair(struct diag *diag, const char *common_name, struct pem_pair *pair)
{
    EVP_PKEY *key = EVP_RSA_gen(KEY_BITS_NEW);
    X509 *x509 = key ? make_certificate(key, common_name) : NULL;
    int result = 0;

    *pair = (struct pem_pair){BIO_new(BIO_s_secmem()), BIO_new(BIO_s_mem())};
    if (!x509 || !pair->key || !pair->certificate ||
        PEM_write_bio_PrivateKey(pair->key, key, NULL, NULL, 0, NULL, NULL) != 1 ||
        PEM_write_bio_X509(pair->certificate, x509) != 1) {
        diag_error(diag, DIAG_SIGN_FAILED, NULL, "cannot make a key: %s", openssl_reason());
        free_pair(pair);
        result = -1;
    }
    X509_free(x509);
    EVP_PKEY_free(key);
    return result;
}

static int write_error(struct diag *diag, const char *path)
{
    diag_error(diag, errno == EEXIST ? DIAG_KEY_EXISTS : DIAG_CANNOT_WRITE,
               errno == EEXIST ? "choose another name, or move the old files away" : NULL,
               "cannot write '%s': %s", path, strerror(errno));
    return -1;
}

/* Writes a file that must not be there yet, wholly or not at all. */
static int write_new_file(struct diag *diag, const char *path, BIO *text, mode_t mode)
{
    char *bytes;
    long size = BIO_get_mem_data(text, &bytes);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return write_error(diag, path);
    for (long done = 0; done < size;) {
        ssize_t written = write(fd, bytes + done, (size_t)(size - done));
        if (written < 0 && errno != EINTR)
            goto fail;
        if (written > 0)
            done += written;
    }
    if (fsync(fd))
        goto fail;
    if (close(fd)) {
        fd = -1;
        goto fail;
    }
    return 0;
fail:
    write_error(diag, path);
    if (fd >= 0)
        close(fd);
    unlink(path);
    return -1;
}

int signing_key_generate(struct diag *diag, const char *common_name, const char *key_path,
                         const char *certificate_path)
{
    struct pem_pair pair;

    /* Before the long work of making a key; the writing itself checks again. */
    if (file_exists(key_path) || file_exists(certificate_path))
        return report(diag, DIAG_KEY_EXISTS, file_exists(key_path) ? key_path : certificate_path,
                      "choose another name, or move the old files away",
                      "the file is there already");
    if (make_pair(diag, common_name, &pair))
        return -1;
    int result = write_new_file(diag, key_path, pair.key, 0600);
    if (result == 0) {
        result = write_new_file(diag, certificate_path, pair.certificate, 0644);
        if (result)
            unlink(key_path);
    }
    free_pair(&pair);
    return result;
}

/* -- The development key ---------------------------------------------------------------------- */

/* $XDG_CONFIG_HOME/rexc, or ~/.config/rexc when that is unset or relative (XDG base directory
 * specification). *directory is NULL when neither variable helps. Returns -1 when memory runs out.
 */
static int configuration_directory(struct diag *diag, char **directory)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int length = 0;

    *directory = NULL;
    if (base && base[0] == '/')
        length = asprintf(directory, "%s/rexc", base);
    else if (home && home[0] == '/')
        length = asprintf(directory, "%s/.config/rexc", home);
    return length < 0 ? out_of_memory(diag) : 0;
}

/* The paths of the development key, and of the directory and lock file beside it. */
struct development_paths {
    char *directory, *key, *certificate, *lock;
};

static void free_paths(struct development_paths *paths)
{
    free(paths->directory);
    free(paths->key);
    free(paths->certificate);
    free(paths->lock);
}

static char *in_directory(const char *directory, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", directory, name) < 0 ? NULL : path;
}

/* The paths are NULL when there is no place for them. */
static int find_paths(struct diag *diag, struct development_paths *paths)
{
    *paths = (struct development_paths){0};
    if (configuration_directory(diag, &paths->directory))
        return -1;
    if (!paths->directory)
        return 0;
    paths->key = in_directory(paths->directory, "development.key");
    paths->certificate = in_directory(paths->directory, "development.crt");
    paths->lock = in_directory(paths->directory, "development.lock");
    if (paths->key && paths->certificate && paths->lock)
        return 0;
    free_paths(paths);
    return out_of_memory(diag);
}

static int demand_paths(struct diag *diag, struct development_paths *paths)
{
    if (find_paths(diag, paths))
        return -1;
    if (paths->directory)
        return 0;
    diag_error(diag, DIAG_KEY_UNREADABLE, "set HOME, or sign with --sign-key and --sign-cert",
               "no place for a development key: neither XDG_CONFIG_HOME nor HOME is set");
    return -1;
}

/* Makes the pair under the lock. The certificate is written first, so that where there is a key,
 * there is its certificate, wherever the process was stopped. */
static int make_development_key(struct diag *diag, const struct development_paths *paths)
{
    struct stat status;
    struct pem_pair pair;
    int result = -1;

    if (file_make_directories(diag, paths->directory, 0700))
        return -1;
    if (stat(paths->directory, &status) == 0 &&
        ((status.st_mode & 022) != 0 || status.st_uid != geteuid()))
        return report(diag, DIAG_KEY_PERMISSIONS, paths->directory, "chmod 700 the directory",
                      "others can change the directory of the development key");
    int lock = open(paths->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0)
        return write_error(diag, paths->lock);
    while (flock(lock, LOCK_EX)) {
        if (errno != EINTR) {
            write_error(diag, paths->lock);
            goto out;
        }
    }
    if (file_exists(paths->key) && file_exists(paths->certificate)) {
        result = 0; /* another process was first */
        goto out;
    }
    if (make_pair(diag, "rexc development key", &pair))
        goto out;
    char *bytes;
    long size = BIO_get_mem_data(pair.certificate, &bytes);
    result = file_write_atomic(diag, paths->certificate, bytes, (size_t)size, 0644);
    if (result == 0) {
        size = BIO_get_mem_data(pair.key, &bytes);
        result = file_write_atomic(diag, paths->key, bytes, (size_t)size, 0600);
    }
    free_pair(&pair);
out:
    close(lock);
    return result;
}

int development_key_paths(struct diag *diag, char **key_path, char **certificate_path)
{
    struct development_paths paths;
    *key_path = NULL;
    *certificate_path = NULL;
    if (demand_paths(diag, &paths))
        return -1;
    *key_path = paths.key;
    *certificate_path = paths.certificate;
    paths.key = NULL;
    paths.certificate = NULL;
    free_paths(&paths);
    return 0;
}

int development_key_load(struct diag *diag, struct signing_key **key)
{
    struct development_paths paths;
    int result = -1;

    *key = NULL;
    if (demand_paths(diag, &paths))
        return -1;
    if ((file_exists(paths.key) && file_exists(paths.certificate)) ||
        make_development_key(diag, &paths) == 0)
        result = signing_key_load(diag, paths.key, paths.certificate, key);
    if (result == 0)
        (*key)->development = true;
    free_paths(&paths);
    return result;
}

int development_certificate_load(struct diag *diag, struct certificate **certificate)
{
    struct development_paths paths;
    *certificate = NULL;
    if (find_paths(diag, &paths))
        return -1;
    int result = 0;
    if (paths.directory && file_exists(paths.certificate))
        result = certificate_load(diag, paths.certificate, certificate);
    free_paths(&paths);
    return result;
}
