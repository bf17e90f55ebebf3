/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/depfile.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"

#include <stdbool.h>
#include <string.h>

/* GNU make manual, "Rule Syntax", and what GCC writes (libcpp's mkdeps.c, munge): a blank or # is
 * escaped by a backslash, backslashes right before it are doubled, and $ is doubled. */
static void append_name(struct buffer *text, const char *name)
{
    size_t backslashes = 0;
    for (const char *c = name; *c; c++) {
        if (*c == ' ' || *c == '\t') {
            for (size_t i = 0; i < backslashes; i++)
                buffer_char(text, '\\');
            buffer_char(text, '\\');
        } else if (*c == '#') {
            buffer_char(text, '\\');
        } else if (*c == '$') {
            buffer_char(text, '$');
        }
        buffer_char(text, *c);
        backslashes = *c == '\\' ? backslashes + 1 : 0;
    }
}

static bool is_listed(const struct strings *files, size_t end, const char *name)
{
    for (size_t i = 0; i < end; i++) {
        if (strcmp(files->items[i], name) == 0)
            return true;
    }
    return false;
}

void depfile_format(struct buffer *text, const char *target, const struct strings *files)
{
    append_name(text, target);
    buffer_char(text, ':');
    for (size_t i = 0; i < files->count; i++) {
        if (strchr(files->items[i], '\n') || is_listed(files, i, files->items[i]))
            continue;
        buffer_string(text, " \\\n  ");
        append_name(text, files->items[i]);
    }
    buffer_char(text, '\n');
}

int depfile_write(struct diag *diag, const char *path, const char *target,
                  const struct strings *files)
{
    struct buffer text = {0};
    depfile_format(&text, target, files);
    int result = text.failed ? diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "out of memory")
                             : file_write_atomic(diag, path, text.data, text.length, 0644);
    buffer_free(&text);
    return result;
}
