/* SPDX-License-Identifier: Apache-2.0 */
#include "lint/depinfo.h"

#include <stdlib.h>
#include <string.h>

static struct depinfo_file *add(struct depinfo *depinfo, char *path)
{
    depinfo->files = must_grow(depinfo->files, depinfo->count + 1, sizeof(struct depinfo_file));
    struct depinfo_file *file = &depinfo->files[depinfo->count++];
    *file = (struct depinfo_file){.path = path};
    return file;
}

static struct depinfo_file *find(const struct depinfo *depinfo, const char *path)
{
    for (size_t i = 0; i < depinfo->count; i++)
        if (strcmp(depinfo->files[i].path, path) == 0)
            return &depinfo->files[i];
    return NULL;
}

/* The file name at *at: rustc writes a space as `\ ` and nothing else specially. NULL at the end.
 */
static char *next_name(const char **at, const char *end)
{
    while (*at < end && **at == ' ')
        (*at)++;
    if (*at == end)
        return NULL;
    char *name = must_alloc((size_t)(end - *at) + 1, 1);
    size_t length = 0;
    for (; *at < end && **at != ' '; (*at)++) {
        if (**at == '\\' && *at + 1 < end && (*at)[1] == ' ')
            (*at)++;
        name[length++] = **at;
    }
    return name;
}

/* "TARGET: FILE FILE ...". The target's own name may have escaped spaces and colons; the rule's
 * colon is the first that a space or the end follows. */
static const char *parse_rule(struct depinfo *depinfo, const char *line, const char *end)
{
    const char *colon = line;
    while (colon < end && !(*colon == ':' && (colon + 1 == end || colon[1] == ' ')))
        colon++;
    if (colon == end)
        return "a line of dep-info is neither a rule nor a comment";
    const char *at = colon + 1;
    char *name;
    while ((name = next_name(&at, end)))
        if (find(depinfo, name))
            free(name);
        else
            add(depinfo, name);
    return NULL;
}

static bool starts_with(const char **at, const char *end, const char *prefix)
{
    size_t length = strlen(prefix);
    if ((size_t)(end - *at) < length || memcmp(*at, prefix, length) != 0)
        return false;
    *at += length;
    return true;
}

/* "sha256=HEX file_len:N PATH", behind "# checksum:". */
static const char *parse_checksum(struct depinfo *depinfo, const char *at, const char *end)
{
    if (!starts_with(&at, end, "sha256=") || end - at < 64)
        return "dep-info has a checksum that is not SHA-256";
    const char *digest = at;
    for (at += 64; digest < at; digest++)
        if (!strchr("0123456789abcdef", *digest))
            return "dep-info has a checksum that is not hexadecimal";
    digest = at - 64;
    if (!starts_with(&at, end, " file_len:"))
        return "dep-info has a checksum without a length";
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    char *path = next_name(&at, end);
    if (!path)
        return "dep-info has a checksum without a file";
    struct depinfo_file *file = find(depinfo, path);
    if (file)
        free(path);
    else
        file = add(depinfo, path);
    memcpy(file->sha256, digest, 64);
    file->sha256[64] = '\0';
    return NULL;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct depinfo_file *)a)->path, ((const struct depinfo_file *)b)->path);
}

const char *depinfo_parse(struct depinfo *depinfo, const char *text, size_t size)
{
    *depinfo = (struct depinfo){0};
    if (memchr(text, '\0', size))
        return "dep-info has a NUL byte";
    const char *stop = text + size;
    for (const char *line = text; line < stop;) {
        const char *newline = memchr(line, '\n', (size_t)(stop - line));
        const char *end = newline ? newline : stop;
        const char *at = line, *wrong = NULL;
        if (starts_with(&at, end, "# env-dep:"))
            strings_take(&depinfo->variables, must_copy_length(at, (size_t)(end - at)));
        else if (starts_with(&at, end, "# checksum:"))
            wrong = parse_checksum(depinfo, at, end);
        else if (at < end && *at != '#')
            wrong = parse_rule(depinfo, at, end);
        if (wrong)
            return wrong;
        line = newline ? newline + 1 : stop;
    }
    if (depinfo->count > 0)
        qsort(depinfo->files, depinfo->count, sizeof(*depinfo->files), by_path);
    return NULL;
}

void depinfo_free(struct depinfo *depinfo)
{
    for (size_t i = 0; i < depinfo->count; i++)
        free(depinfo->files[i].path);
    free(depinfo->files);
    strings_free(&depinfo->variables);
    *depinfo = (struct depinfo){0};
}

const struct depinfo_file *depinfo_find(const struct depinfo *depinfo, const char *path)
{
    return find(depinfo, path);
}
