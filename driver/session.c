/* SPDX-License-Identifier: Apache-2.0 */
#include "driver/session.h"
#include "base/file.h"
#include "linker/keys.h"

#include <stdlib.h>

char *session_key_directory(struct diag *diag)
{
    char *key, *certificate;
    if (development_key_paths(diag, &key, &certificate))
        return NULL;
    char *directory = path_dirname(key);
    free(key);
    free(certificate);
    return directory;
}

int session_begin(struct diag *diag, bool verbose, bool dry_run, struct session *session)
{
    *session = (struct session){0};
    session->digests = digests_new();
    if (installation_find(diag, &session->installation) ||
        toolchain_find(diag, &session->installation, verbose, dry_run, &session->toolchain))
        return -1;
    char *directory = session_key_directory(diag);
    int result = directory ? record_key_load(diag, directory, !dry_run, &session->key) : -1;
    free(directory);
    return result;
}

void session_end(struct session *session)
{
    installation_free(&session->installation);
    toolchain_free(&session->toolchain);
    digests_free(session->digests);
}
