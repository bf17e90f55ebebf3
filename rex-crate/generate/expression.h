/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Integer constant expressions of C (C17, 6.6), as the kernel's headers use them. */
#ifndef REX_GENERATE_EXPRESSION_H
#define REX_GENERATE_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct value {
    uint64_t bits;
    bool is_unsigned; /* of type unsigned long, else long: narrower types are not told apart */
};

/* Evaluates text[0, length). lookup gives the value of an identifier, or false. Returns false for
 * what is no integer constant expression, or uses what this does not know (sizeof, calls, floating
 * point). */
bool expression_evaluate(const char *text, size_t length,
                         bool (*lookup)(const char *name, size_t length, struct value *value,
                                        void *data),
                         void *data, struct value *value);

#endif
