/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/pass_report.h"
#include "base/diag.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define REPORT_SIZE_MAX ((size_t)16 << 20)

/* Adds what follows the word to list when the line begins with it. */
static bool take(const char *line, size_t length, const char *word, struct strings *list)
{
    size_t begin = strlen(word);
    if (length <= begin || memcmp(line, word, begin) != 0)
        return false;
    strings_take(list, must_copy_length(line + begin, length - begin));
    return true;
}

bool pass_report_parse(const char *text, struct pass_report *report)
{
    static const char magic[] = "rexpass-report 1\n";
    *report = (struct pass_report){0};
    if (strncmp(text, magic, strlen(magic)) != 0)
        return false;
    for (const char *line = text + strlen(magic); *line;) {
        size_t length = strcspn(line, "\n");
        struct strings ignored = {0};
        bool known = take(line, length, "entry ", &report->entries) ||
                     take(line, length, "check ", &report->checks) ||
                     take(line, length, "missing ", &report->missing) ||
                     take(line, length, "llvm ", &ignored);
        strings_free(&ignored);
        if (!known || line[length] != '\n') {
            pass_report_free(report);
            return false;
        }
        line += length + 1;
    }
    return true;
}

int pass_report_read(struct diag *diag, const char *path, struct pass_report *report)
{
    char *text;
    size_t size;
    *report = (struct pass_report){0};
    if (!file_exists(path))
        return diag_error(diag, DIAG_PASS_DID_NOT_RUN, "run `rexc doctor`",
                          "the compiler ended without an error, and the Rex pass left no report");
    if (file_read(diag, path, REPORT_SIZE_MAX, &text, &size))
        return -1;
    bool good = strlen(text) == size && pass_report_parse(text, report);
    free(text);
    return good ? 0
                : diag_error(diag, DIAG_PASS_REPORT, "run `rexc doctor`",
                             "the Rex pass left a report that cannot be understood");
}

void pass_report_free(struct pass_report *report)
{
    strings_free(&report->entries);
    strings_free(&report->checks);
    strings_free(&report->missing);
}
