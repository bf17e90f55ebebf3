/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return -1;
    if (more >= SIZE_MAX / 2 - buffer->length)
        goto fail;
    size_t needed = buffer->length + more + 1;
    if (needed <= buffer->capacity)
        return 0;
    size_t capacity = buffer->capacity ? buffer->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    char *data = realloc(buffer->data, capacity);
    if (!data)
        goto fail;
    buffer->data = data;
    buffer->capacity = capacity;
    return 0;
fail:
    buffer->failed = true;
    return -1;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
    if (reserve(buffer, length))
        return -1;
    if (length)
        memcpy(buffer->data + buffer->length, bytes, length);
    buffer->length += length;
    buffer->data[buffer->length] = '\0';
    return 0;
}

int buffer_string(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text));
}

int buffer_char(struct buffer *buffer, char c)
{
    return buffer_append(buffer, &c, 1);
}

int buffer_vformat(struct buffer *buffer, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        buffer->failed = true;
        return -1;
    }
    if (reserve(buffer, (size_t)length))
        return -1;
    vsnprintf(buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    buffer->length += (size_t)length;
    return 0;
}

int buffer_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int result = buffer_vformat(buffer, format, arguments);
    va_end(arguments);
    return result;
}

int buffer_align(struct buffer *buffer, size_t alignment)
{
    static const char zeroes[64];
    size_t padding = (alignment - buffer->length % alignment) % alignment;
    while (padding > 0) {
        size_t part = padding < sizeof(zeroes) ? padding : sizeof(zeroes);
        if (buffer_append(buffer, zeroes, part))
            return -1;
        padding -= part;
    }
    return 0;
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
    if (buffer->data)
        buffer->data[0] = '\0';
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){0};
}

char *buffer_take(struct buffer *buffer)
{
    char *data = NULL;
    if (!buffer->failed && !reserve(buffer, 0)) {
        data = buffer->data;
        data[buffer->length] = '\0';
        buffer->data = NULL;
    }
    buffer_free(buffer);
    return data;
}
