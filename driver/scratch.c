/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/scratch.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LEAD "rexc-compile."

/* The lock appears under its name when it is held: who finds it free knows that its run has ended.
 * A process id would not tell, where several PID namespaces share a /tmp. */
static int make_lock(const char *directory)
{
    char *fresh = path_join(directory, "lock.new"), *path = path_join(directory, "lock");
    int fd = open(fresh, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    /* Without one, only nobody tidies up after a kill. */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        (void)!rename(fresh, path);
    free(path);
    free(fresh);
    return fd;
}

/* /tmp belongs to everybody: only what is ours in every part is touched. */
static void remove_abandoned(struct diag *diag, const char *directory)
{
    struct stat status;
    if (lstat(directory, &status) || !S_ISDIR(status.st_mode) || status.st_uid != geteuid())
        return;
    char *path = path_join(directory, "lock");
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
        status.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0)
        file_remove_tree(diag, directory);
    if (fd >= 0)
        close(fd);
    free(path);
}

int scratch_make(struct diag *diag, struct scratch *scratch)
{
    const char *base = getenv("TMPDIR");
    if (!base || base[0] != '/')
        base = "/tmp";
    DIR *listing = opendir(base);
    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        if (strncmp(entry->d_name, LEAD, strlen(LEAD)) != 0)
            continue;
        char *path = path_join(base, entry->d_name);
        remove_abandoned(diag, path);
        free(path);
    }
    if (listing)
        closedir(listing);
    *scratch = (struct scratch){.directory = must_format("%s/" LEAD "XXXXXX", base), .lock = -1};
    if (mkdtemp(scratch->directory)) {
        scratch->lock = make_lock(scratch->directory);
        return 0;
    }
    diag_error(diag, DIAG_CANNOT_WRITE, "set TMPDIR to a directory that is writable",
               "cannot make a directory '%s': %s", scratch->directory, strerror(errno));
    free(scratch->directory);
    *scratch = (struct scratch){0};
    return -1;
}

int scratch_remove(struct diag *diag, struct scratch *scratch)
{
    if (!scratch->directory)
        return 0;
    int result = file_remove_tree(diag, scratch->directory);
    if (scratch->lock >= 0)
        close(scratch->lock);
    free(scratch->directory);
    *scratch = (struct scratch){0};
    return result;
}
