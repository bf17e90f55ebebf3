/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Allocation for the parts of the tool in which nothing sensible is left to do without memory
 * (cmd/, driver/, lint/): these print REX0002 and end the process with status 3. Nothing
 * half-written is left behind, because outputs are temporary files until they are renamed. linker/
 * and runtime/ handle untrusted input and report allocation failures instead; they use malloc and
 * reallocarray.
 */
#ifndef REXC_BASE_MEMORY_H
#define REXC_BASE_MEMORY_H

#include <stdarg.h>
#include <stddef.h>

void *must_alloc(size_t count, size_t size);             /* zeroed */
void *must_grow(void *array, size_t count, size_t size); /* as reallocarray */
char *must_copy(const char *text);
char *must_copy_length(const char *text, size_t length);
char *must_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A growing NULL-terminated array of owned strings: argument vectors, environments, file lists. */
struct strings {
    char **items; /* NULL while empty; else items[count] is NULL */
    size_t count;
    size_t capacity;
};
void strings_add(struct strings *list, const char *text); /* copies */
void strings_take(struct strings *list, char *text);      /* takes ownership */
void strings_format(struct strings *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void strings_add_all(struct strings *list, const struct strings *more);
void strings_free(struct strings *list);

#endif
