/* SPDX-License-Identifier: Apache-2.0 */
/* A growing byte buffer that is also a string builder: its bytes are always NUL-terminated. */
#ifndef REXC_BASE_BUFFER_H
#define REXC_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    char *data; /* NULL while empty */
    size_t length;
    size_t capacity;
    bool failed; /* an allocation failed: the content is not complete, and further appends do
                    nothing */
};

/* All return 0, or -1 when memory ran out (and set failed, so that a caller may check once at the
 * end). */
int buffer_append(struct buffer *buffer, const void *bytes, size_t length);
int buffer_string(struct buffer *buffer, const char *text);
int buffer_char(struct buffer *buffer, char c);
int buffer_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int buffer_vformat(struct buffer *buffer, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
/* Appends zeroes up to a multiple of alignment (a power of two). */
int buffer_align(struct buffer *buffer, size_t alignment);
void buffer_clear(struct buffer *buffer);
void buffer_free(struct buffer *buffer);
/* Hands the bytes over (to free() by the caller) and leaves the buffer empty; "" when nothing was
 * appended, NULL when an append failed. */
char *buffer_take(struct buffer *buffer);

#endif
