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

int installation_find(struct diag *diag, struct installation *installation)
{
    int result = -1;
    char hex[HASH_HEX_SIZE];
    char *directory = NULL, *library = NULL;

    *installation = (struct installation){0};
    installation->executable = path_resolve("/proc/self/exe");
    if (!installation->executable)
        return diag_error(diag, DIAG_INSTALLATION_DAMAGED, "mount /proc",
                          "cannot tell where rexc is: /proc/self/exe cannot be read");
    directory = path_dirname(installation->executable);
    library = path_join(directory, REXC_RELATIVE_LIBDIR);
    installation->share = path_join(directory, REXC_RELATIVE_DATADIR);
    installation->pass = path_join(library, "librexpass.so");
    installation->crates = path_join(installation->share, "rust");
    installation->templates = path_join(installation->share, "templates");
    const char *const parts[] = {installation->pass, installation->crates, installation->templates};
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!file_exists(parts[i])) {
            diag_error(diag, DIAG_INSTALLATION_DAMAGED,
                       "run the rexc of a complete installation (`cmake --install` or the package)",
                       "'%s' belongs to rexc and is missing", parts[i]);
            goto done;
        }
    }
    identify(installation->executable, hex);
    installation->identity = must_copy(hex);
    result = 0;
done:
    free(library);
    free(directory);
    return result;
}

void installation_free(struct installation *installation)
{
    free(installation->executable);
    free(installation->pass);
    free(installation->crates);
    free(installation->templates);
    free(installation->share);
    free(installation->identity);
    *installation = (struct installation){0};
}
