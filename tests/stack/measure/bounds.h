/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an object's note promises, where its checks are, and how far its roots reach before their
 * first check, which only the analysis knows. (linker/stack.h has a struct frame, and so has
 * runtime/user/packet.h.)
 */
#ifndef REXC_TESTS_STACK_MEASURE_BOUNDS_H
#define REXC_TESTS_STACK_MEASURE_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct diag;

/* A function of a deepest path. */
struct waypoint {
    uint64_t address; /* in the image */
    char *name;       /* demangled */
};

struct bound {
    char *name;
    uint32_t bytes; /* the note's; when checked, the limit */
    uint32_t limit;
    uint32_t cut; /* down to the first check; without checks the same as bytes */
    bool checked;
    struct waypoint *path; /* of a program: the deepest, in order */
    size_t path_length;
};

struct bounds {
    struct bound *programs;
    size_t count;
    struct bound panic;
    uint64_t *checks; /* image addresses of the functions with a check, ascending */
    size_t check_count;
};

/* Returns 0; -1 with diagnostics. */
int bounds_read(struct diag *diag, const char *name, const void *bytes, size_t size,
                struct bounds *bounds);
void bounds_free(struct bounds *bounds);
const struct bound *bounds_find(const struct bounds *bounds, const char *name);

#endif
