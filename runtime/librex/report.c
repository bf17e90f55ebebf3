/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/librex/report.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_SIZE = 1024 };

/* A line under construction: what does not fit is cut, as there may be no memory for more. */
struct line {
    char text[LINE_SIZE];
    size_t length;
};

__attribute__((format(printf, 2, 0))) static void append_list(struct line *line, const char *format,
                                                              va_list arguments)
{
    size_t space = sizeof(line->text) - line->length;
    int written = vsnprintf(line->text + line->length, space, format, arguments);
    if (written > 0)
        line->length += (size_t)written < space ? (size_t)written : space - 1;
}

__attribute__((format(printf, 2, 3))) static void append(struct line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    append_list(line, format, arguments);
    va_end(arguments);
}

static void send(const struct diag *diag, enum rex_log_level level, const struct line *line)
{
    if (diag->log)
        diag->log(diag->log_data, level, line->text);
    else if (level == REX_LOG_ERROR)
        fprintf(stderr, "librex: %s\n", line->text);
}

int report_error(struct diag *diag, int error, const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;

    va_start(arguments, format);
    append_list(&line, format, arguments);
    va_end(arguments);
    send(diag, REX_LOG_ERROR, &line);
    errno = error;
    return -error;
}

void report_debug(struct diag *diag, const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;

    va_start(arguments, format);
    append_list(&line, format, arguments);
    va_end(arguments);
    send(diag, REX_LOG_DEBUG, &line);
}

/* -- What the object reader needs of base/ ---------------------------------------------------- */

static void begin(struct line *line, const struct diag_message *message)
{
    if (message->at.file)
        append(line, "%s: ", message->at.file);
    if (message->at.symbol)
        append(line, "%s: ", message->at.symbol);
}

static void end(const struct diag *diag, struct line *line, const struct diag_message *message)
{
    if (message->at.has_address)
        append(line, " (image address 0x%llx)", (unsigned long long)message->at.address);
    append(line, " [REX%04u]", (unsigned)message->code);
    if (message->help)
        append(line, "; %s", message->help);
    send(diag, message->severity == DIAG_ERROR ? REX_LOG_ERROR : REX_LOG_DEBUG, line);
}

void diag_report(struct diag *diag, const struct diag_message *message, const char *format, ...)
{
    struct line line = {.length = 0};
    va_list arguments;

    if (!diag)
        return;
    begin(&line, message);
    va_start(arguments, format);
    append_list(&line, format, arguments);
    va_end(arguments);
    end(diag, &line, message);
}

int diag_error(struct diag *diag, enum diag_code code, const char *help, const char *format, ...)
{
    struct diag_message message = {.code = code, .help = help};
    struct line line = {.length = 0};
    va_list arguments;

    if (!diag)
        return -1;
    va_start(arguments, format);
    append_list(&line, format, arguments);
    va_end(arguments);
    end(diag, &line, &message);
    return -1;
}

static int read_all(int file, char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t part = read(file, data + done, size - done);
        if (part < 0 && errno == EINTR)
            continue;
        if (part < 0)
            return -1;
        if (part == 0) {
            errno = EIO; /* it became shorter */
            return -1;
        }
        done += (size_t)part;
    }
    return 0;
}

int file_read(struct diag *diag, const char *path, size_t limit, char **data, size_t *size)
{
    struct stat status;
    char *bytes = NULL;
    int error;

    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file < 0 || fstat(file, &status) < 0) {
        error = errno;
        report_error(diag, error, "cannot read %s: %s", path, strerror(error));
        goto fail;
    }
    if (!S_ISREG(status.st_mode)) {
        error = EINVAL;
        report_error(diag, error, "%s is not a regular file", path);
        goto fail;
    }
    if (status.st_size < 0 || (limit && (uintmax_t)status.st_size > limit)) {
        error = EFBIG;
        report_error(diag, error, "%s is longer than the %zu bytes an object may have", path,
                     limit);
        goto fail;
    }
    bytes = malloc((size_t)status.st_size + 1);
    if (!bytes || read_all(file, bytes, (size_t)status.st_size) < 0) {
        error = errno;
        report_error(diag, error, "cannot read %s: %s", path, strerror(error));
        goto fail;
    }
    bytes[status.st_size] = '\0';
    close(file);
    *data = bytes;
    *size = (size_t)status.st_size;
    return 0;
fail:
    if (file >= 0)
        close(file);
    free(bytes);
    errno = error;
    return -1;
}
