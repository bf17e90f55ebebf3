/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the running kernel can take the in-kernel runtime's module. */
#ifndef REXC_LOADER_FITNESS_H
#define REXC_LOADER_FITNESS_H

#include <stdbool.h>

struct fitness {
    bool fits;
    bool loaded;   /* the module is there */
    char *release; /* of the running kernel */
    char *problem; /* why it does not fit, or what could not be looked at; NULL: nothing */
};

void fitness_find(struct fitness *fitness);
void fitness_free(struct fitness *fitness);

/* The same for a kernel of that release, whose configuration is config (NULL: unknown). For tests.
 */
void fitness_judge(struct fitness *fitness, const char *release, const char *machine,
                   const char *config);

#endif
