/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/inspect.h"
#include "base/diag.h"
#include "linker/btf.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "linker/object.h"

#include <stdlib.h>

/* A file without a note can be looked at; one with a damaged note is an error. */
static int read_parts(struct diag *diag, struct inspection *inspection)
{
    const struct object *object = inspection->object;
    if (object_section(object, REX_NOTE_SECTION) &&
        note_read_object(diag, inspection->path, object, &inspection->note))
        return -1;
    return map_types_read(diag, inspection->path, object, &inspection->map_types) ||
                   maps_find(diag, inspection->path, object, &inspection->maps,
                             &inspection->map_count)
               ? -1
               : 0;
}

int inspect_file(struct diag *diag, const char *path, const struct certificate *development,
                 struct inspection *inspection)
{
    *inspection = (struct inspection){.path = path};
    if (object_read_file(diag, path, &inspection->object) || read_parts(diag, inspection))
        goto fail;
    const struct object *object = inspection->object;
    if (signature_check(diag, object->file, object->size + object->signature_size, NULL, 0,
                        &development, 1, &inspection->signature))
        goto fail;
    inspection->development = development && inspection->signature.signer == development;
    return 0;
fail:
    inspection_free(inspection);
    return -1;
}

void inspection_free(struct inspection *inspection)
{
    signature_check_free(&inspection->signature);
    free(inspection->maps);
    map_types_free(inspection->map_types);
    note_free(inspection->note);
    object_free(inspection->object);
    *inspection = (struct inspection){0};
}
