/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with something wrong with them: a good one, of which a few fields, bytes or table entries
 * are changed where the structure of the file says that they matter. */
#ifndef REXC_HOSTILE_MUTATE_H
#define REXC_HOSTILE_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* The file's bytes, with room for as many again. */
struct bytes {
    uint8_t *data;
    size_t size;
    size_t room;
};

struct random {
    uint64_t state; /* any number: a seed */
};

uint64_t random_next(struct random *random);
/* A number below limit, which is not 0. */
uint64_t random_below(struct random *random, uint64_t limit);

/* Changes an unsigned ELF file in one to three places. */
void mutate_object(struct random *random, struct bytes *object);
/* Changes what is behind it: bytes from elf_size on are a signature, with its trailer. */
void mutate_signature(struct random *random, struct bytes *object, size_t elf_size);

#endif
