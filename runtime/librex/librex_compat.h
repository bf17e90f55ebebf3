/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three functions that loaders written for Rex's own librex call, over this library. Such a
 * loader compiles unchanged with
 *
 *     cc -include librex_compat.h loader.c $(pkg-config --cflags --libs librex)
 *
 * As there, objects are never closed: they last until the process ends.
 */
#ifndef LIBREX_COMPAT_H
#define LIBREX_COMPAT_H

#include <librex.h>
#include <stdio.h>

struct rex_obj;

static inline int *rex_compat_debug(void)
{
    static int debug;
    return &debug;
}

static inline void rex_compat_log(void *data, enum rex_log_level level, const char *message)
{
    (void)data;
    if (level == REX_LOG_ERROR || *rex_compat_debug())
        fprintf(stderr, "librex: %s\n", message);
}

/* Debug messages on stderr: not 0 for on. */
static inline void rex_set_debug(int value)
{
    *rex_compat_debug() = value;
}

/* Opens and loads. NULL with errno. */
static inline struct rex_obj *rex_obj_load(const char *path)
{
    struct rex_open_options options = {0};

    options.size = sizeof(options);
    options.log = rex_compat_log;
    struct rex_object *object = rex_object__open(path, &options);
    if (object && rex_object__load(object, NULL) < 0) {
        rex_object__close(object);
        object = NULL;
    }
    return (struct rex_obj *)object;
}

static inline struct bpf_object *rex_obj_get_bpf(struct rex_obj *object)
{
    return object ? rex_object__bpf_object((struct rex_object *)object) : NULL;
}

#endif
