/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "base/file.h"
#include "driver/toolchain.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* The executable's identity without reading it at every start: its inode, size and times change
 * with it. */
static void identify(const char *path, char hex[HASH_HEX_SIZE])
{
    struct stat status = {0};
    stat(path, &status);
    char *text =
        must_format("%s %lld %lld.%09ld %lld.%09ld", REXC_VERSION, (long long)status.st_size,
                    (long long)status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                    (long long)status.st_ctim.tv_sec, status.st_ctim.tv_nsec);
    hash_bytes(text, strlen(text), hex);
    free(text);
}

/* The absolute path of rexc, to free(). */
static char *find_executable(struct diag *diag)
{
    char *path = path_resolve("/proc/self/exe");
    if (!path)
        diag_error(diag, DIAG_INSTALLATION_DAMAGED, "mount /proc",
                   "cannot tell where rexc is: /proc/self/exe cannot be read");
    return path;
}

/* The path of a file of lib/rexc, to free(). */
static char *library_path(const char *executable, const char *name)
{
    char *directory = path_dirname(executable);
    char *library = path_join(directory, REXC_RELATIVE_LIBDIR);
    char *path = path_join(library, name);
    free(library);
    free(directory);
    return path;
}

static int demand_part(struct diag *diag, const char *path)
{
    if (file_exists(path))
        return 0;
    return diag_error(diag, DIAG_INSTALLATION_DAMAGED,
                      "run the rexc of a complete installation (`cmake --install` or the package)",
                      "'%s' belongs to rexc and is missing", path);
}

int installation_find(struct diag *diag, struct installation *installation)
{
    int result = -1;
    char hex[HASH_HEX_SIZE];
    char *directory = NULL;

    *installation = (struct installation){0};
    installation->executable = find_executable(diag);
    if (!installation->executable)
        return -1;
    directory = path_dirname(installation->executable);
    installation->share = path_join(directory, REXC_RELATIVE_DATADIR);
    installation->pass = library_path(installation->executable, "librexpass.so");
    installation->pcap = library_path(installation->executable, "librexpcap.so");
    installation->crates = path_join(installation->share, "rust");
    installation->templates = path_join(installation->share, "templates");
    const char *const parts[] = {installation->pass, installation->pcap, installation->crates,
                                 installation->templates};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (demand_part(diag, parts[i]))
            goto done;
    identify(installation->executable, hex);
    installation->identity = must_copy(hex);
    result = 0;
done:
    free(directory);
    return result;
}

char *installation_find_pcap(struct diag *diag)
{
    char *executable = find_executable(diag);
    char *path = executable ? library_path(executable, "librexpcap.so") : NULL;

    free(executable);
    if (path && demand_part(diag, path) == 0)
        return path;
    free(path);
    return NULL;
}

void installation_free(struct installation *installation)
{
    free(installation->executable);
    free(installation->pass);
    free(installation->pcap);
    free(installation->crates);
    free(installation->templates);
    free(installation->share);
    free(installation->identity);
    *installation = (struct installation){0};
}
