/* SPDX-License-Identifier: Apache-2.0 */
/* What an object is made of, for people and as JSON (format 1). It shows what the file says;
 * whether that is true is the verifier's question. */
#ifndef REXC_LINKER_INSPECT_H
#define REXC_LINKER_INSPECT_H

#include "linker/signature.h"

#include <stddef.h>

struct buffer;
struct certificate;
struct diag;
struct json_t;
struct map_symbol;
struct map_types;
struct note;
struct object;

struct inspection {
    const char *path;
    struct object *object;
    struct note *note;           /* NULL when the file has none: it was not made by rexc */
    struct map_types *map_types; /* NULL when it has no BTF */
    struct map_symbol *maps;
    size_t map_count;
    struct signature_check signature; /* with nothing trusted */
    /* Whether the signer is the development certificate. */
    bool development;
};

/* Reads a file. development, which may be NULL, is the certificate of this user's development key:
 * it tells an intact object from a damaged one. path has to live as long. Reports and returns -1 on
 * failure. */
int inspect_file(struct diag *diag, const char *path, const struct certificate *development,
                 struct inspection *inspection);
void inspection_free(struct inspection *inspection);

/* Appends the text; -1 when memory runs out (reported). */
int inspect_text(struct diag *diag, const struct inspection *inspection, struct buffer *out);
/* NULL when memory runs out (reported). */
struct json_t *inspect_json(struct diag *diag, const struct inspection *inspection);

#endif
