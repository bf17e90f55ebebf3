/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/buffer.h"
#include "base/diag.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_error(struct diag *diag, const char *path, const char *reason)
{
    return diag_error(diag, DIAG_CANNOT_READ, NULL, "cannot read '%s': %s", path, reason);
}

static int write_error(struct diag *diag, const char *path)
{
    int reason = errno;
    return diag_error(diag, DIAG_CANNOT_WRITE,
                      reason == ENOSPC ? "free some space on that file system and try again" : NULL,
                      "cannot write '%s': %s", path, strerror(reason));
}

static size_t limit_of(size_t limit)
{
    return limit ? limit : (size_t)1 << 30;
}

int file_read(struct diag *diag, const char *path, size_t limit, char **data, size_t *size)
{
    int result = -1;
    char *bytes = NULL;
    size_t length = 0;
    struct stat status;

    limit = limit_of(limit);
    /* O_NONBLOCK: opening a FIFO would wait for a writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return read_error(diag, path, strerror(errno));
    if (fstat(fd, &status)) {
        read_error(diag, path, strerror(errno));
        goto done;
    }
    if (!S_ISREG(status.st_mode)) {
        read_error(diag, path,
                   S_ISDIR(status.st_mode) ? "it is a directory" : "not a regular file");
        goto done;
    }
    if ((uint64_t)status.st_size > limit) {
        diag_error(diag, DIAG_CANNOT_READ, NULL,
                   "cannot read '%s': %lld bytes are over the limit of %zu", path,
                   (long long)status.st_size, limit);
        goto done;
    }
    /* One byte more than the size says, so that a file that grew meanwhile is noticed. */
    size_t capacity = (size_t)status.st_size + 1;
    bytes = malloc(capacity + 1);
    if (!bytes) {
        read_error(diag, path, strerror(ENOMEM));
        goto done;
    }
    while (length < capacity) {
        ssize_t count = read(fd, bytes + length, capacity - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            read_error(diag, path, strerror(errno));
            goto done;
        }
        if (count == 0)
            break;
        length += (size_t)count;
    }
    if (length == capacity) {
        read_error(diag, path, "it grew while it was read");
        goto done;
    }
    bytes[length] = '\0';
    *data = bytes;
    *size = length;
    bytes = NULL;
    result = 0;
done:
    free(bytes);
    close(fd);
    return result;
}

int file_read_input(struct diag *diag, const char *path, size_t limit, char **data, size_t *size)
{
    struct buffer bytes = {0};
    char chunk[4096];
    struct stat status;
    ssize_t count = 0;
    int result = -1;

    if (stat(path, &status) || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
        return file_read(diag, path, limit, data, size);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return read_error(diag, path, strerror(errno));
    limit = limit_of(limit);
    while ((count = read(fd, chunk, sizeof(chunk))) != 0) {
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            read_error(diag, path, strerror(errno));
            goto done;
        }
        if (bytes.length + (size_t)count > limit) {
            diag_error(diag, DIAG_CANNOT_READ, NULL,
                       "cannot read '%s': over the limit of %zu bytes", path, limit);
            goto done;
        }
        buffer_append(&bytes, chunk, (size_t)count);
    }
    *size = bytes.length;
    *data = buffer_take(&bytes);
    result = *data ? 0 : read_error(diag, path, strerror(ENOMEM));
done:
    buffer_free(&bytes);
    close(fd);
    return result;
}

/* Removes temporaries of processes that no longer exist: what an interrupted write left. */
static void remove_stale(const char *directory, const char *name)
{
    char *lead = must_format(".%s.tmp.", name);
    size_t length = strlen(lead);
    DIR *listing = opendir(directory);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (strncmp(entry->d_name, lead, length) != 0)
            continue;
        long pid = strtol(entry->d_name + length, NULL, 10);
        if (pid <= 0 || (kill((pid_t)pid, 0) && errno == ESRCH)) {
            char *stale = path_join(directory, entry->d_name);
            unlink(stale);
            free(stale);
        }
    }
    if (listing)
        closedir(listing);
    free(lead);
}

static int write_all(int fd, const void *data, size_t size)
{
    for (size_t written = 0; written < size;) {
        ssize_t count = write(fd, (const char *)data + written, size - written);
        if (count < 0 && errno != EINTR)
            return -1;
        if (count > 0)
            written += (size_t)count;
    }
    return 0;
}

/* A device, a pipe or a socket: to be written to, not to be replaced. */
static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

static int write_in_place(struct diag *diag, const char *path, const void *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return write_error(diag, path);
    int failed = write_all(fd, data, size);
    int error = errno;
    if (close(fd) && !failed) {
        failed = -1;
        error = errno;
    }
    errno = error;
    return failed ? write_error(diag, path) : 0;
}

static int write_and_rename(struct diag *diag, const char *path, const void *data, size_t size,
                            mode_t mode, bool wait)
{
    static atomic_uint serial; /* only makes names differ between threads of one process */
    int result = -1;
    const char *name = path_basename(path);
    char *directory = path_dirname(path);
    char *temporary_name =
        must_format(".%s.tmp.%ld.%u", name, (long)getpid(), atomic_fetch_add(&serial, 1));
    char *temporary = path_join(directory, temporary_name);

    remove_stale(directory, name);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) {
        write_error(diag, path);
        goto done;
    }
    if (write_all(fd, data, size)) {
        write_error(diag, path);
        goto remove;
    }
    /* Without fsync a crash after the rename could leave an empty file under the final name. */
    if (wait && fsync(fd) && errno != EINVAL && errno != EROFS) {
        write_error(diag, path);
        goto remove;
    }
    int closed = close(fd);
    fd = -1;
    if (closed || rename(temporary, path)) {
        write_error(diag, path);
        goto remove;
    }
    result = 0;
    goto done;
remove:
    unlink(temporary);
    if (fd >= 0)
        close(fd);
done:
    free(temporary);
    free(temporary_name);
    free(directory);
    return result;
}

int file_write_atomic(struct diag *diag, const char *path, const void *data, size_t size,
                      mode_t mode)
{
    /* A symbolic link stays, and what it leads to is replaced. */
    char *target = realpath(path, NULL);
    const char *real = target ? target : path;
    int result = is_special(real) ? write_in_place(diag, real, data, size)
                                  : write_and_rename(diag, real, data, size, mode, true);
    free(target);
    return result;
}

int file_write_cache(struct diag *diag, const char *path, const void *data, size_t size,
                     mode_t mode)
{
    return write_and_rename(diag, path, data, size, mode, false);
}

int file_make_directories(struct diag *diag, const char *path, mode_t mode)
{
    char *copy = must_copy(path);
    int result = 0;
    for (char *c = copy + 1;; c++) {
        if (*c != '/' && *c != '\0')
            continue;
        char end = *c;
        *c = '\0';
        if (mkdir(copy, mode) && errno != EEXIST) {
            result = write_error(diag, copy);
            break;
        }
        if (end == '\0') {
            if (!file_is_directory(copy)) {
                errno = ENOTDIR;
                result = write_error(diag, copy);
            }
            break;
        }
        *c = end;
    }
    free(copy);
    return result;
}

int file_remove_tree(struct diag *diag, const char *path)
{
    struct stat status;
    if (lstat(path, &status))
        return errno == ENOENT ? 0 : write_error(diag, path);

    char *copy = must_copy(path);
    char *const roots[] = {copy, NULL};
    int result = 0;
    FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    if (!walk) {
        result = write_error(diag, path);
        goto done;
    }
    for (FTSENT *entry; (entry = fts_read(walk));) {
        if (entry->fts_info == FTS_D)
            continue;
        /* ENOENT: another process removes the same tree. */
        int failed =
            entry->fts_info == FTS_DP ? rmdir(entry->fts_accpath) : unlink(entry->fts_accpath);
        if (failed && errno != ENOENT && result == 0)
            result = write_error(diag, entry->fts_path);
    }
    fts_close(walk);
done:
    free(copy);
    return result;
}

bool file_exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

bool file_is_directory(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool file_is_same(const char *a, const char *b)
{
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

char *path_join(const char *a, const char *b)
{
    if (b[0] == '/' || a[0] == '\0')
        return must_copy(b);
    size_t length = strlen(a);
    return must_format("%s%s%s", a, a[length - 1] == '/' ? "" : "/", b);
}

char *path_dirname(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return must_copy(".");
    if (slash == path)
        return must_copy("/");
    return must_copy_length(path, (size_t)(slash - path));
}

const char *path_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_resolve(const char *path)
{
    return realpath(path, NULL);
}
