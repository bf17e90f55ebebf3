/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/fingerprint.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define RECORD_MAGIC "rexc-record 1\n"
#define MAC_SIZE ((size_t)32)
/* A record lists every source file of a crate; this is thousands of them. */
#define RECORD_SIZE_MAX ((size_t)64 << 20)

/* --- digests of files --- */

struct digest {
    char *path;
    char hex[HASH_HEX_SIZE];
};

struct digests {
    void *tree; /* of struct digest, by path (tsearch) */
};

static int compare_digests(const void *a, const void *b)
{
    return strcmp(((const struct digest *)a)->path, ((const struct digest *)b)->path);
}

struct digests *digests_new(void)
{
    return must_alloc(1, sizeof(struct digests));
}

static void digest_free(void *node)
{
    struct digest *digest = node;
    free(digest->path);
    free(digest);
}

void digests_free(struct digests *digests)
{
    if (!digests)
        return;
    tdestroy(digests->tree, digest_free);
    free(digests);
}

/* Hashes a regular file; false when that cannot be done. Silent: an input that is gone is an
 * answer. */
static bool hash_quietly(const char *path, char hex[HASH_HEX_SIZE])
{
    struct stat status;
    ssize_t count = -1;
    /* O_NONBLOCK: opening a FIFO would wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        struct hash *hash = hash_begin();
        char chunk[65536];
        while ((count = read(fd, chunk, sizeof(chunk))) > 0 || (count < 0 && errno == EINTR)) {
            if (count > 0)
                hash_add(hash, chunk, (size_t)count);
        }
        hash_end(hash, hex);
    }
    close(fd);
    return count == 0;
}

const char *digests_of(struct digests *digests, const char *path)
{
    struct digest wanted = {.path = (char *)(uintptr_t)path};
    void *found = tfind(&wanted, &digests->tree, compare_digests);
    if (found)
        return (*(struct digest **)found)->hex;
    struct digest *digest = must_alloc(1, sizeof(*digest));
    digest->path = must_copy(path);
    if (!hash_quietly(path, digest->hex))
        snprintf(digest->hex, sizeof(digest->hex), "absent");
    if (!tsearch(digest, &digests->tree, compare_digests))
        abort(); /* must_alloc has already ended the process when memory is that short */
    return digest->hex;
}

void digests_forget(struct digests *digests, const char *path)
{
    struct digest wanted = {.path = (char *)(uintptr_t)path};
    void *found = tfind(&wanted, &digests->tree, compare_digests);
    if (!found)
        return;
    struct digest *digest = *(struct digest **)found;
    tdelete(&wanted, &digests->tree, compare_digests);
    digest_free(digest);
}

/* --- inputs --- */

static void inputs_add(struct inputs *inputs, enum input_kind kind, const char *name,
                       const char *value)
{
    if ((inputs->count & (inputs->count - 1)) == 0) /* grows by doubling at the powers of two */
        inputs->items =
            must_grow(inputs->items, inputs->count ? inputs->count * 2 : 1, sizeof(*inputs->items));
    inputs->items[inputs->count++] =
        (struct input){.kind = kind, .name = must_copy(name), .value = must_copy(value)};
}

void inputs_value(struct inputs *inputs, const char *name, const char *value)
{
    inputs_add(inputs, INPUT_VALUE, name, value);
}

void inputs_file(struct inputs *inputs, const char *path, const char *digest)
{
    inputs_add(inputs, INPUT_FILE, path, digest);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void digest_listing(const char *path, char hex[HASH_HEX_SIZE])
{
    struct strings names = {0};
    DIR *listing = opendir(path);
    if (!listing) {
        snprintf(hex, HASH_HEX_SIZE, "absent");
        return;
    }
    for (struct dirent *entry; (entry = readdir(listing));)
        strings_add(&names, entry->d_name);
    closedir(listing);
    if (names.count > 1)
        qsort(names.items, names.count, sizeof(*names.items), compare_names);
    struct hash *hash = hash_begin();
    for (size_t i = 0; i < names.count; i++)
        hash_add_string(hash, names.items[i]);
    hash_end(hash, hex);
    strings_free(&names);
}

/* What stands in the world now for an input that is not a plain value. */
static const char *value_now(struct digests *digests, enum input_kind kind, const char *path,
                             char scratch[HASH_HEX_SIZE])
{
    switch (kind) {
    case INPUT_FILE:
        return digests_of(digests, path);
    case INPUT_PRESENCE:
        return file_exists(path) ? "yes" : "no";
    case INPUT_LISTING:
        digest_listing(path, scratch);
        return scratch;
    case INPUT_VALUE:
        break;
    }
    return "";
}

void inputs_now(struct inputs *inputs, struct digests *digests, enum input_kind kind,
                const char *path)
{
    char scratch[HASH_HEX_SIZE];
    inputs_add(inputs, kind, path, value_now(digests, kind, path, scratch));
}

const char *inputs_find(const struct inputs *inputs, enum input_kind kind, const char *name)
{
    for (size_t i = 0; i < inputs->count; i++) {
        if (inputs->items[i].kind == kind && strcmp(inputs->items[i].name, name) == 0)
            return inputs->items[i].value;
    }
    return NULL;
}

void inputs_digest(const struct inputs *inputs, char hex[HASH_HEX_SIZE])
{
    struct hash *hash = hash_begin();
    for (size_t i = 0; i < inputs->count; i++) {
        char kind = (char)inputs->items[i].kind;
        hash_add(hash, &kind, 1);
        hash_add_string(hash, inputs->items[i].name);
        hash_add_string(hash, inputs->items[i].value);
    }
    hash_end(hash, hex);
}

void inputs_free(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        free(inputs->items[i].name);
        free(inputs->items[i].value);
    }
    free(inputs->items);
    *inputs = (struct inputs){0};
}

void record_free(struct record *record)
{
    inputs_free(&record->inputs);
    inputs_free(&record->outputs);
}

/* --- the key --- */

static int read_key(const char *path, struct record_key *key)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    ssize_t count = read(fd, key->bytes, sizeof(key->bytes));
    close(fd);
    return count == (ssize_t)sizeof(key->bytes) ? 0 : -1;
}

int record_key_load(struct diag *diag, const char *directory, bool make, struct record_key *key)
{
    char *path = path_join(directory, "record.key");
    char *temporary = must_format("%s.tmp.%ld", path, (long)getpid());
    int fd = -1;
    int result = 0;

    if (read_key(path, key) == 0)
        goto done;
    if (make && file_make_directories(diag, directory, 0700)) {
        result = -1;
        goto done;
    }
    if (getrandom(key->bytes, sizeof(key->bytes), 0) != (ssize_t)sizeof(key->bytes))
        goto fail;
    if (!make)
        goto done;
    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, key->bytes, sizeof(key->bytes)) != (ssize_t)sizeof(key->bytes))
        goto fail;
    /* link(2) does not replace: of two processes that make the key at once, both use the first
     * one's. A key file of the wrong size is of no use to anybody and is replaced. */
    if (link(temporary, path) &&
        (errno != EEXIST || (read_key(path, key) && rename(temporary, path))))
        goto fail;
    if (read_key(path, key) == 0)
        goto done;
fail:
    result = diag_error(diag, DIAG_RECORD_KEY, "make the directory writable for you alone (0700)",
                        "cannot make the key for build records, '%s': %s", path, strerror(errno));
done:
    if (fd >= 0) {
        close(fd);
        unlink(temporary);
    }
    free(temporary);
    free(path);
    return result;
}

/* --- files --- */

/* Names and values in a line of text: bytes that would break the line are written %XX. */
static void append_escaped(struct buffer *text, const char *word)
{
    for (const unsigned char *c = (const unsigned char *)word; *c; c++) {
        if (*c < 0x20 || *c == '%' || *c == 0x7f)
            buffer_format(text, "%%%02x", *c);
        else
            buffer_char(text, (char)*c);
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The word between start and end; NULL when an escape is malformed. */
static char *unescape(const char *start, const char *end)
{
    char *word = must_alloc((size_t)(end - start) + 1, 1);
    char *out = word;
    while (start < end) {
        if (*start != '%') {
            *out++ = *start++;
            continue;
        }
        int high = end - start < 3 ? -1 : digit_value(start[1]);
        int low = end - start < 3 ? -1 : digit_value(start[2]);
        int value = high < 0 || low < 0 ? 0 : high * 16 + low;
        if (value == 0) {
            free(word);
            return NULL;
        }
        *out++ = (char)value;
        start += 3;
    }
    return word;
}

static void append_inputs(struct buffer *text, const char *section, const struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++) {
        buffer_format(text, "%s %c ", section, (char)inputs->items[i].kind);
        append_escaped(text, inputs->items[i].name);
        buffer_char(text, '\t');
        append_escaped(text, inputs->items[i].value);
        buffer_char(text, '\n');
    }
}

static void compute_mac(const struct record_key *key, const char *text, size_t size,
                        unsigned char mac[MAC_SIZE])
{
    unsigned length = 0;
    if (!HMAC(EVP_sha256(), key->bytes, sizeof(key->bytes), (const unsigned char *)text, size, mac,
              &length) ||
        length != MAC_SIZE)
        abort(); /* SHA-256 is always there: base/hash relies on it as well */
}

int record_save(struct diag *diag, const struct record_key *key, const char *path,
                const struct record *record)
{
    struct buffer text = {0};
    unsigned char mac[MAC_SIZE];
    buffer_string(&text, RECORD_MAGIC);
    append_inputs(&text, "in", &record->inputs);
    append_inputs(&text, "out", &record->outputs);
    if (text.failed) {
        buffer_free(&text);
        return diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory");
    }
    compute_mac(key, text.data, text.length, mac);
    buffer_string(&text, "mac ");
    for (size_t i = 0; i < MAC_SIZE; i++)
        buffer_format(&text, "%02x", mac[i]);
    buffer_char(&text, '\n');
    int result = text.failed ? diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory")
                             : file_write_cache(diag, path, text.data, text.length, 0644);
    buffer_free(&text);
    return result;
}

/* One "in|out KIND NAME<tab>VALUE" line without its newline. */
static bool parse_line(const char *line, const char *end, struct record *record)
{
    struct inputs *inputs;
    if (end - line > 5 && memcmp(line, "in ", 3) == 0) {
        inputs = &record->inputs;
        line += 3;
    } else if (end - line > 6 && memcmp(line, "out ", 4) == 0) {
        inputs = &record->outputs;
        line += 4;
    } else {
        return false;
    }
    char kind = line[0];
    if (!strchr("vfpl", kind) || kind == '\0' || line[1] != ' ')
        return false;
    line += 2;
    const char *tab = memchr(line, '\t', (size_t)(end - line));
    if (!tab)
        return false;
    char *name = unescape(line, tab);
    char *value = unescape(tab + 1, end);
    bool good = name && value;
    if (good)
        inputs_add(inputs, (enum input_kind)kind, name, value);
    free(name);
    free(value);
    return good;
}

bool record_parse(const struct record_key *key, const char *text, size_t size,
                  struct record *record)
{
    static const size_t magic_size = sizeof(RECORD_MAGIC) - 1;
    static const size_t tail_size = 4 + 2 * MAC_SIZE + 1; /* "mac HEX\n" */
    unsigned char mac[MAC_SIZE];
    char written[2 * MAC_SIZE + 1];

    *record = (struct record){0};
    if (size < magic_size + tail_size || memcmp(text, RECORD_MAGIC, magic_size) != 0)
        return false;
    const char *tail = text + size - tail_size;
    if (memcmp(tail, "mac ", 4) != 0 || text[size - 1] != '\n')
        return false;
    compute_mac(key, text, (size_t)(tail - text), mac);
    for (size_t i = 0; i < MAC_SIZE; i++)
        snprintf(written + 2 * i, 3, "%02x", mac[i]);
    if (CRYPTO_memcmp(written, tail + 4, 2 * MAC_SIZE) != 0)
        return false;
    for (const char *line = text + magic_size; line < tail;) {
        const char *end = memchr(line, '\n', (size_t)(tail - line));
        if (!end || !parse_line(line, end, record)) {
            record_free(record);
            return false;
        }
        line = end + 1;
    }
    return true;
}

bool record_load(const struct record_key *key, const char *path, struct record *record)
{
    bool good = false;
    *record = (struct record){0};
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    struct buffer text = {0};
    char chunk[65536];
    size_t count;
    do { /* a short read is the end of the file, or an error */
        count = fread(chunk, 1, sizeof(chunk), file);
        if (text.length > RECORD_SIZE_MAX || buffer_append(&text, chunk, count))
            goto done;
    } while (count == sizeof(chunk));
    if (!ferror(file) && text.data)
        good = record_parse(key, text.data, text.length, record);
done:
    buffer_free(&text);
    fclose(file);
    return good;
}

/* --- freshness --- */

static char *values_differ(const struct record *record, const struct inputs *values)
{
    size_t at = 0;
    for (size_t i = 0; i < record->inputs.count; i++) {
        const struct input *input = &record->inputs.items[i];
        if (input->kind != INPUT_VALUE)
            continue;
        if (at == values->count || strcmp(values->items[at].name, input->name) != 0)
            return must_format("%s is no longer wanted", input->name);
        if (strcmp(values->items[at].value, input->value) != 0)
            return must_format("%s changed", input->name);
        at++;
    }
    return at == values->count ? NULL : must_format("%s is new", values->items[at].name);
}

char *record_stale(const struct record *record, const struct inputs *values,
                   struct digests *digests)
{
    char scratch[HASH_HEX_SIZE];
    char *reason = values_differ(record, values);
    if (reason)
        return reason;
    for (size_t i = 0; i < record->inputs.count; i++) {
        const struct input *input = &record->inputs.items[i];
        if (input->kind != INPUT_VALUE &&
            strcmp(value_now(digests, input->kind, input->name, scratch), input->value) != 0)
            return must_format("'%s' changed", input->name);
    }
    for (size_t i = 0; i < record->outputs.count; i++) {
        const struct input *output = &record->outputs.items[i];
        if (output->kind == INPUT_FILE &&
            strcmp(digests_of(digests, output->name), output->value) != 0)
            return must_format("'%s' is missing or not as it was made", output->name);
    }
    return NULL;
}
