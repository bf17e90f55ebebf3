/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records: what a stage was made from and what it made, so that the next build knows whether to run
 * it again. Content decides (SHA-256), never a time stamp alone.
 *
 * A record ends with a message authentication code (HMAC-SHA-256) under a key that only this user
 * has. A project that arrives with a prepared target directory, or an .rlib with a record beside it
 * that this user's rexc did not write, would otherwise be a way around the policy: such records
 * count as absent.
 */
#ifndef REXC_DRIVER_FINGERPRINT_H
#define REXC_DRIVER_FINGERPRINT_H

#include "base/hash.h"
#include "base/memory.h"

#include <stdbool.h>
#include <stddef.h>

struct diag;

enum input_kind {
    INPUT_VALUE = 'v',    /* anything: flags, identities, digests of what has no file */
    INPUT_FILE = 'f',     /* name is a path, value its SHA-256, or "absent" */
    INPUT_PRESENCE = 'p', /* name is a path, value "yes" or "no" */
    INPUT_LISTING =
        'l', /* name is a directory, value a digest of its entries' names, or "absent" */
};

struct input {
    enum input_kind kind;
    char *name;
    char *value;
};

struct inputs {
    struct input *items;
    size_t count;
};

struct record {
    struct inputs inputs;
    struct inputs
        outputs; /* INPUT_FILE: what was made; INPUT_VALUE: facts about it that later stages need */
};

/* SHA-256 of files, each read at most once in the life of the table. */
struct digests;
struct digests *digests_new(void);
void digests_free(struct digests *digests);
/* "absent" when it cannot be read. */
const char *digests_of(struct digests *digests, const char *path);
/* The file was written anew: the next digests_of reads it again. */
void digests_forget(struct digests *digests, const char *path);

void inputs_value(struct inputs *inputs, const char *name, const char *value);
/* A file whose digest is known already: the one of the bytes that were used. */
void inputs_file(struct inputs *inputs, const char *path, const char *digest);
/* What is there now. */
void inputs_now(struct inputs *inputs, struct digests *digests, enum input_kind kind,
                const char *path);
/* The value of the first one of that kind and name; NULL when there is none. */
const char *inputs_find(const struct inputs *inputs, enum input_kind kind, const char *name);
/* Over kinds, names and values, in order. */
void inputs_digest(const struct inputs *inputs, char hex[HASH_HEX_SIZE]);
void inputs_free(struct inputs *inputs);
void record_free(struct record *record);

struct record_key {
    unsigned char bytes[32];
};

/* Reads the user's key from DIRECTORY/record.key, or makes it (0600, directory 0700) from
 * getrandom(2). Safe under parallel calls. Reports DIAG_RECORD_KEY. */
int record_key_load(struct diag *diag, const char *directory, bool make, struct record_key *key);

/* Reads a record. False, without a diagnostic, when there is none, when it is damaged, or when its
 * code is not this user's: *record is then empty. */
bool record_load(const struct record_key *key, const char *path, struct record *record);
/* The same from bytes; record_load after reading the file. */
bool record_parse(const struct record_key *key, const char *text, size_t size,
                  struct record *record);
/* Writes it atomically. */
int record_save(struct diag *diag, const struct record_key *key, const char *path,
                const struct record *record);

/*
 * Why what the record describes must be made again: a phrase for people, to free(); NULL when it is
 * fresh. Fresh means: its INPUT_VALUEs are exactly `values` (all INPUT_VALUE, same order), each
 * other input is still as recorded, and each output file has its recorded content.
 */
char *record_stale(const struct record *record, const struct inputs *values,
                   struct digests *digests);

#endif
