/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An object's image in memory. Pages start as int3 and writable, are filled and relocated, and get
 * their protection before anything runs: none is ever writable and executable, and what
 * PT_GNU_RELRO covers is read-only from the first instruction on.
 */
#ifndef REXC_RUNTIME_USER_IMAGE_H
#define REXC_RUNTIME_USER_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct object;

#define IMAGE_TEXT_RANGES 8

struct image {
    const struct object *object;
    uint8_t *base; /* where image address 0 is */
    size_t size;   /* bytes mapped */
    struct {
        uint64_t start, end;   /* addresses in memory */
    } text[IMAGE_TEXT_RANGES]; /* executable segments */
    unsigned text_count;
    uint64_t handle_timeout, panic_body; /* addresses in memory */
};

/* A value to be put at an image address before the pages are protected (a map definition's `map`).
 */
struct image_patch {
    uint64_t address; /* image address, 8 bytes in a PT_LOAD */
    uint64_t value;
};

/* Maps the object's segments, applies the patches and the relocations. The object must outlive the
 * image. Returns 0; -1 with a diagnostic. */
int image_map(struct diag *diag, const struct object *object, const struct image_patch *patches,
              size_t patch_count, struct image *image);
void image_unmap(struct image *image);

/* Whether the address in memory is in an executable segment. Async-signal-safe. */
bool image_has_text(const struct image *image, uint64_t address);

#endif
