/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "cmd/command.h"
#include "linker/keys.h"
#include "linker/note.h"
#include "linker/object.h"
#include "linker/signature.h"

#include <sys/stat.h>

/* Signs what is an object of ours; a signature that it has already is replaced. */
static int sign(struct diag *diag, const char *path, const struct signing_key *key)
{
    struct object *object;
    struct note *note = NULL;
    struct buffer bytes = {0};
    struct stat status;
    int result = -1;

    if (object_read_file(diag, path, &object))
        return -1;
    if (note_read_object(diag, path, object, &note))
        goto out;
    if (buffer_append(&bytes, object->bytes, object->size)) {
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to sign %s", path);
        goto out;
    }
    if (signature_append(diag, path, key, &bytes))
        goto out;
    mode_t mode = stat(path, &status) ? 0644 : status.st_mode & 0777;
    result = file_write_atomic(diag, path, bytes.data, bytes.length, mode);
out:
    buffer_free(&bytes);
    note_free(note);
    object_free(object);
    return result;
}

int command_sign(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {
        {"key", required_argument, NULL, 'k'},
        {"cert", required_argument, NULL, 'c'},
        {NULL, 0, NULL, 0},
    };
    struct diag *diag = options->diag;
    const char *key_path = NULL, *certificate_path = NULL;
    struct signing_key *key;
    int option;

    while ((option = getopt_long(argc, argv, ":", known, NULL)) != -1) {
        if (option == 'k')
            key_path = optarg;
        else if (option == 'c')
            certificate_path = optarg;
        else
            return command_bad_option(options, "sign", argv, known);
    }
    if (argc - optind != 1)
        return command_usage_error(options, "sign", "sign takes one object file");
    if (!key_path || !certificate_path)
        return command_usage_error(options, "sign", "sign needs --key KEY and --cert CERT");
    if (signing_key_load(diag, key_path, certificate_path, &key))
        return diag_exit_status(diag);
    int result = sign(diag, argv[optind], key);
    signing_key_free(key);
    return result ? diag_exit_status(diag) : 0;
}
