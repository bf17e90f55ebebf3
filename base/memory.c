/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"
#include "base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void out_of_memory(void)
{
    /* No allocation can be relied on here, so this does not go through struct diag. */
    fputs("error[REX0002]: out of memory\n", stderr);
    exit(3);
}

void *must_alloc(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

void *must_grow(void *array, size_t count, size_t size)
{
    void *memory = reallocarray(array, count ? count : 1, size ? size : 1);
    if (!memory)
        out_of_memory();
    return memory;
}

char *must_copy(const char *text)
{
    return must_copy_length(text, strlen(text));
}

char *must_copy_length(const char *text, size_t length)
{
    char *copy = must_alloc(length + 1, 1);
    memcpy(copy, text, length);
    return copy;
}

__attribute__((format(printf, 1, 0))) static char *format_or_exit(const char *format,
                                                                  va_list arguments)
{
    struct buffer text = {0};
    if (buffer_vformat(&text, format, arguments))
        out_of_memory();
    char *result = buffer_take(&text);
    if (!result)
        out_of_memory();
    return result;
}

char *must_format(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *result = format_or_exit(format, arguments);
    va_end(arguments);
    return result;
}

void strings_take(struct strings *list, char *text)
{
    if (list->count + 2 > list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 8;
        list->items = must_grow(list->items, list->capacity, sizeof(*list->items));
    }
    list->items[list->count++] = text;
    list->items[list->count] = NULL;
}

void strings_add(struct strings *list, const char *text)
{
    strings_take(list, must_copy(text));
}

void strings_format(struct strings *list, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    strings_take(list, format_or_exit(format, arguments));
    va_end(arguments);
}

void strings_add_all(struct strings *list, const struct strings *more)
{
    for (size_t i = 0; i < more->count; i++)
        strings_add(list, more->items[i]);
}

void strings_free(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct strings){0};
}
