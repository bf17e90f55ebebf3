/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/scan.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"
#include "lint/shapes.h"
#include "lint/source.h"
#include "lint/tokens.h"
#include "lint/types.h"

#include <stdlib.h>
#include <string.h>

/* A source file of more than 16 MiB is none. */
enum { MAX_SOURCE = 16 << 20 };

struct scan {
    /* Pointers, since tokens and declarations point into the sources. */
    struct source **files;
    size_t file_count;
    struct source **expansions;
    size_t expansion_count;
    struct source **declarations; /* of compiled crates: nothing in them is refused */
    size_t declaration_count;
    struct types *types; /* of all of them; NULL before scan_finish() */
    bool defines_macros;
    bool expects_macros;
};

struct scan *scan_new(void)
{
    return must_alloc(1, sizeof(struct scan));
}

static void free_sources(struct source **sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        source_free(sources[i]);
        free(sources[i]);
    }
    free(sources);
}

void scan_free(struct scan *scan)
{
    if (!scan)
        return;
    free_sources(scan->files, scan->file_count);
    free_sources(scan->expansions, scan->expansion_count);
    free_sources(scan->declarations, scan->declaration_count);
    types_free(scan->types);
    free(scan);
}

static struct source *add(struct source ***sources, size_t *count)
{
    *sources = must_grow(*sources, *count + 1, sizeof(struct source *));
    struct source *source = must_alloc(1, sizeof(*source));
    (*sources)[(*count)++] = source;
    return source;
}

static bool defines_macro(const struct source *source)
{
    for (size_t i = 0; i < source->count; i++)
        if (token_is_name(&source->tokens[i], "macro_rules") ||
            token_is_keyword(&source->tokens[i], "macro"))
            return true;
    return false;
}

/* The scanned file of that path, in that edition or, when it is 0, in any. */
static const struct source *find_file(const struct scan *scan, const char *path, int edition)
{
    for (size_t i = 0; i < scan->file_count; i++)
        if (strcmp(scan->files[i]->path, path) == 0 &&
            (edition == 0 || scan->files[i]->edition == edition))
            return scan->files[i];
    return NULL;
}

int scan_file(struct scan *scan, struct diag *diag, const char *path, int edition)
{
    /* A file may be part of crates of several editions, and what is a string in one is code in
     * another. */
    if (find_file(scan, path, edition))
        return 0;
    const struct source *other = find_file(scan, path, 0);
    char *data;
    size_t size;
    if (other) {
        size = other->size;
        data = must_copy_length(other->data, size);
    } else if (file_read(diag, path, MAX_SOURCE, &data, &size) < 0) {
        return -1;
    }
    struct source *source = add(&scan->files, &scan->file_count);
    int result = source_begin(diag, source, path, data, size, edition, true);
    scan->defines_macros = scan->defines_macros || defines_macro(source);
    if (tokens_check(diag, source) > 0)
        result = -1;
    source_drop_attributes(source);
    return result;
}

void scan_expect_macros(struct scan *scan)
{
    scan->expects_macros = true;
}

bool scan_needs_expansion(const struct scan *scan)
{
    return scan->defines_macros || scan->expects_macros;
}

int scan_add_expansion(struct scan *scan, struct diag *diag, const char *crate, char *text,
                       size_t size, int edition)
{
    struct source *source = add(&scan->expansions, &scan->expansion_count);
    char *name = must_format("crate %s, macros expanded", crate);
    int result = source_begin(diag, source, name, text, size, edition, false);
    free(name);
    return result;
}

int scan_declare(struct scan *scan, struct diag *diag, const char *declarations)
{
    struct source *source = add(&scan->declarations, &scan->declaration_count);
    return source_begin(diag, source, "a compiled library's declarations", must_copy(declarations),
                        strlen(declarations), 2021, false);
}

/* Reads the expansions in an edition, unless they were read in one of the same grammar. */
static int read_in_edition(struct scan *scan, struct diag *diag, size_t count, int edition)
{
    int result = 0;
    for (size_t i = 0; i < count; i++) {
        const struct source *text = scan->expansions[i];
        bool done = lexer_reads_alike(text->edition, edition);
        for (size_t j = count; j < scan->expansion_count && !done; j++)
            done = strcmp(scan->expansions[j]->sha256, text->sha256) == 0;
        if (done)
            continue;
        struct source *source = add(&scan->expansions, &scan->expansion_count);
        if (source_begin(diag, source, text->path, must_copy_length(text->data, text->size),
                         text->size, edition, false))
            result = -1;
    }
    return result;
}

/* What a macro of another crate left in the text was made of that crate's tokens, and is printed as
 * they are: so the text is read in every edition that any file of the build has. */
static int read_in_other_editions(struct scan *scan, struct diag *diag)
{
    size_t count = scan->expansion_count;
    int result = 0;
    for (size_t i = 0; i < scan->file_count; i++)
        if (read_in_edition(scan, diag, count, scan->files[i]->edition))
            result = -1;
    if (scan->expects_macros &&
        (read_in_edition(scan, diag, count, 2018) || read_in_edition(scan, diag, count, 2021)))
        result = -1;
    return result;
}

int scan_finish(struct scan *scan, struct diag *diag)
{
    unsigned found = 0;
    if (read_in_other_editions(scan, diag))
        return -1;
    for (size_t i = 0; i < scan->expansion_count; i++) {
        found += tokens_check_attributes(diag, scan->expansions[i]);
        source_drop_attributes(scan->expansions[i]);
    }
    struct types *types = scan->types = types_new();
    for (size_t i = 0; i < scan->file_count; i++)
        types_collect(types, scan->files[i]);
    for (size_t i = 0; i < scan->expansion_count; i++)
        types_collect(types, scan->expansions[i]);
    for (size_t i = 0; i < scan->declaration_count; i++)
        types_collect(types, scan->declarations[i]);
    /* What the source text already shows is reported there, with its line. */
    for (size_t i = 0; i < scan->file_count; i++)
        found += shapes_check(diag, scan->files[i], types);
    for (size_t i = 0; i < scan->expansion_count && found == 0; i++)
        found += tokens_check_names(diag, scan->expansions[i]) +
                 shapes_check(diag, scan->expansions[i], types);
    return found > 0 ? -1 : 0;
}

void scan_export(const struct scan *scan, struct buffer *declarations)
{
    types_export(scan->types, declarations);
}

size_t scan_count(const struct scan *scan)
{
    return scan->file_count;
}

const char *scan_path(const struct scan *scan, size_t index)
{
    return scan->files[index]->path;
}

const char *scan_sha256(const struct scan *scan, size_t index)
{
    return scan->files[index]->sha256;
}

const char *scan_find_sha256(const struct scan *scan, const char *path)
{
    const struct source *source = find_file(scan, path, 0);
    return source ? source->sha256 : NULL;
}
