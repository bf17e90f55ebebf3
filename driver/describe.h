/* SPDX-License-Identifier: Apache-2.0 */
/* From a linked and analysed image to its .note.rex: what the object is, what it needs, who built
 * it. */
#ifndef REXC_DRIVER_DESCRIBE_H
#define REXC_DRIVER_DESCRIBE_H

#include "driver/fingerprint.h"
#include "linker/stack.h"

struct buffer;
struct diag;
struct object;

struct description {
    const char *name;                 /* of the object, for messages */
    const struct object *image;       /* as linked */
    const struct stack_result *stack; /* of the same image */
    const char *license;              /* as the kernel gets it */
    const struct inputs *provenance;  /* INPUT_VALUE: key and value */
};

/* Appends the note's bytes. Reports and returns -1 on failure. */
int describe_note(struct diag *diag, const struct description *description, struct buffer *note);

#endif
