/* SPDX-License-Identifier: Apache-2.0 */
/* The values that a context file is made of. What is wrong with one is reported with the path to it
 * ("events[2].registers.rdi"), and -1 is returned. */
#ifndef REXC_RUNTIME_USER_CONTEXT_VALUE_H
#define REXC_RUNTIME_USER_CONTEXT_VALUE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct diag;
struct context_file;

/* The path grows and shrinks as the parser goes down and up. */
struct context_parser {
    struct diag *diag;
    const char *name; /* of the file */
    char path[256];
    struct context_file *file; /* that comes of it */
};

/* One member of an object: its name and what takes it. */
struct context_member {
    const char *name;
    int (*parse)(struct context_parser *parser, const json_t *value, void *target);
};

/* Reports, with the path. */
int context_refuse(const struct context_parser *parser, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int context_no_memory(const struct context_parser *parser);

/* Adds ".key" or "[index]" to the path; context_leave() with the result takes it away
 * again. */
size_t context_enter_key(struct context_parser *parser, const char *key);
size_t context_enter_index(struct context_parser *parser, size_t index);
void context_leave(struct context_parser *parser, size_t length);

/* A number: a JSON integer, or a string with one in C's notation, as JSON's integers end at 63
 * bits. */
int context_number(const struct context_parser *parser, const json_t *value, uint64_t *number);
int context_bounded(const struct context_parser *parser, const json_t *value, uint64_t low,
                    uint64_t high, uint64_t *number);
/* A string of hexadecimal digits, two a byte, spaces between bytes allowed. At most limit bytes go
 * to bytes. */
int context_hex(const struct context_parser *parser, const json_t *value, uint8_t *bytes,
                size_t limit, size_t *size);
/* Hands each member of an object to its function; an unknown one is an error, so that a misspelt
 * name is not silently a zero. */
int context_members(struct context_parser *parser, const json_t *object,
                    const struct context_member *members, void *target);

#endif
