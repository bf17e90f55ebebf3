/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/loader/state.h"
#include "base/diag.h"
#include "base/memory.h"
#include "runtime/librex/librex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int state_open_device(struct diag *diag)
{
    int device = rex_device__open();

    if (device == -ENODEV)
        return diag_error(diag, DIAG_LOAD_MODULE,
                          "`modprobe rex`; `rexc doctor` says whether this kernel can take it",
                          "there is no " REX_DEVICE ": the module is not loaded");
    if (device < 0)
        return diag_error(diag, DIAG_LOAD_PERMISSION, "run it as root", "cannot open %s: %s",
                          REX_DEVICE, strerror(-device));
    return device;
}

/* False when the object or one of its programs has gone. */
static bool read_object(int device, uint32_t id, struct state_object *object)
{
    *object = (struct state_object){.info.id = id};
    if (rex_device__object_info(device, &object->info) < 0)
        return false;
    object->programs = must_alloc(object->info.programs + 1, sizeof(*object->programs));
    for (uint32_t i = 0; i < object->info.programs; i++) {
        object->programs[i] = (struct rex_ioc_program_info){.object = id, .program = i};
        if (rex_device__program_info(device, &object->programs[i]) < 0) {
            free(object->programs);
            return false;
        }
    }
    return true;
}

int state_read(struct diag *diag, int device, struct state *state)
{
    uint32_t id = 0;
    int result;

    *state = (struct state){0};
    while ((result = rex_device__next_object(device, &id)) == 0) {
        struct state_object object;
        if (!read_object(device, id, &object))
            continue;
        state->objects = must_grow(state->objects, state->count + 1, sizeof(*state->objects));
        state->objects[state->count++] = object;
    }
    if (result == -ENOENT)
        return 0;
    state_free(state);
    return diag_error(diag, DIAG_LOAD_MODULE, NULL, "%s does not list its objects: %s", REX_DEVICE,
                      strerror(-result));
}

void state_free(struct state *state)
{
    for (size_t i = 0; i < state->count; i++)
        free(state->objects[i].programs);
    free(state->objects);
    *state = (struct state){0};
}
