/* SPDX-License-Identifier: Apache-2.0 */
/* Paths and circles of calls as lines of text. */
#ifndef REXC_LINKER_STACK_PATH_H
#define REXC_LINKER_STACK_PATH_H

#include "linker/dwarf.h"
#include "linker/stack.h"

#include <stddef.h>

struct buffer;
struct diag;

#define STACK_COLUMNS 100u /* no line is wider */

/* NULL-terminated, as diagnostics want them. */
struct stack_notes {
    char **lines;
    size_t count;
    size_t capacity;
};

/* "+bytes  function (file:line)" for each frame, and the sum; the middle of a very long path is
 * left out. Returns -1 when memory ran out, not always reported to diag; stack_notes_free() in
 * either case. */
int stack_notes_path(struct diag *diag, struct stack_notes *notes,
                     const struct stack_result *result, const struct stack_root *root);
/* Who calls whom around a circle of functions. */
int stack_notes_circle(struct stack_notes *notes, const struct code *code, const uint32_t *circle,
                       size_t length);
/* What to do about a path that is too deep, by the largest variable of its largest frame. NULL when
 * memory ran out; to free(). */
char *stack_advice(struct diag *diag, const struct stack_result *result,
                   const struct stack_root *root);
void stack_notes_free(struct stack_notes *notes);

/* The same path appended to a buffer, each line indented and ended by a newline. Errors are the
 * buffer's. */
void stack_path_text(struct buffer *out, const struct stack_result *result,
                     const struct stack_root *root, const struct debug_info *info);
/* A function's demangled name, an import's plain one; to free(). NULL when memory ran out. */
char *stack_function_name(const struct code *code, uint32_t function);
/* Where a frame of a path is in the source: the line of the call, or of the function where the path
 * ends; of what is inlined into each other the outermost that is the author's. False when that is
 * unknown. */
bool stack_frame_source(const struct debug_info *info, const struct code *code,
                        const struct stack_frame *frame, struct source_frame *source);
/* The frame's function, at its call, then what is inlined there, the outer before the inner, down
 * to the call itself. Returns how many. */
size_t stack_frame_sources(const struct debug_info *info, const struct code *code,
                           const struct stack_frame *frame, struct source_frame *sources,
                           size_t capacity);

enum stack_part {
    STACK_PART_PROGRAM,
    STACK_PART_PANIC,  /* never returns: it ends in a panic, a timeout or an overflow */
    STACK_PART_IMPORT, /* its own need is in the reserve */
};
enum stack_part stack_frame_part(const struct stack_result *result, const struct stack_root *root,
                                 const struct stack_frame *frame);
/* The frame of the path that takes most; NULL when there is no path. */
const struct stack_frame *stack_largest_frame(const struct stack_root *root);

/* Appends name, shortened in the middle to at most width columns. */
void stack_shorten(struct buffer *out, const char *name, size_t width);

#endif
