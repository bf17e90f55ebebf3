/* SPDX-License-Identifier: Apache-2.0 */
/* How the tools of this folder end when the machine, not what is tested, fails: with 2. */
#ifndef REXC_HOSTILE_FAIL_H
#define REXC_HOSTILE_FAIL_H

#include <stdio.h>
#include <stdlib.h>

static inline void fail(const char *what)
{
    perror(what);
    exit(2);
}

static inline void *allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        fail("memory");
    return memory;
}

#endif
