/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"
#include "cmd/command.h"
#include "runtime/librex/librex.h"
#include "runtime/loader/holders.h"
#include "runtime/loader/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The number that a word is; 0 when it is none. No object has the number 0. */
static uint32_t as_id(const char *word)
{
    char *end;

    errno = 0;
    unsigned long value = strtoul(word, &end, 10);
    return word[0] >= '0' && word[0] <= '9' && *end == '\0' && errno == 0 && value <= UINT32_MAX
               ? (uint32_t)value
               : 0;
}

/* The one object that a word means: a number before a name. */
static int find(const struct command_options *options, const struct state *state, const char *word,
                uint32_t *id)
{
    size_t found = 0;

    for (size_t i = 0; i < state->count; i++) {
        if (state->objects[i].info.id == as_id(word)) {
            *id = as_id(word);
            return 0;
        }
        if (strcmp(state->objects[i].info.name, word) == 0) {
            *id = state->objects[i].info.id;
            found++;
        }
    }
    if (found == 1)
        return 0;
    if (found > 1)
        return diag_error(options->diag, DIAG_LOAD_NO_OBJECT, "`rexc list` shows their numbers",
                          "%zu objects are called '%s': say which by its number", found, word);
    return diag_error(options->diag, DIAG_LOAD_NO_OBJECT, "`rexc list` shows what is loaded",
                      "no object '%s' is loaded", word);
}

/* Detaches first: an object that has ended cannot say any more which programs are its own. */
static int unload(const struct command_options *options, int device, uint32_t id)
{
    struct holders holders;

    if (holders_find(options->diag, device, id, &holders) < 0)
        return -1;
    holders_remove(options->diag, &holders);
    holders_free(&holders);
    int result = rex_device__unload(device, id);
    if (result < 0 && result != -ENOENT) /* without holders it may have gone by itself */
        return diag_error(options->diag, DIAG_LOAD_NO_OBJECT, NULL, "object %u is not unloaded: %s",
                          id, strerror(-result));
    return 0;
}

int command_unload(int argc, char **argv, const struct command_options *options)
{
    static const struct option known[] = {{NULL, 0, NULL, 0}};
    struct state state = {0};
    uint32_t id = 0;

    if (getopt_long(argc, argv, ":", known, NULL) != -1)
        return command_bad_option(options, "unload", argv, known);
    if (optind + 1 != argc)
        return command_usage_error(options, "unload", "unload takes an object's name or number");
    int device = state_open_device(options->diag);
    if (device < 0)
        return diag_exit_status(options->diag);
    if (state_read(options->diag, device, &state) == 0 &&
        find(options, &state, argv[optind], &id) == 0)
        unload(options, device, id);
    state_free(&state);
    close(device);
    return diag_exit_status(options->diag);
}
