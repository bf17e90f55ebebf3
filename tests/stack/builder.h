/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects made in memory, function by function, for tests of call graphs: a text segment at 0x1000,
 * and the tables that the object reader would have made. Machine code is written as LLVM writes it.
 */
#ifndef REXC_TESTS_STACK_BUILDER_H
#define REXC_TESTS_STACK_BUILDER_H

#include "linker/code.h"
#include "linker/object.h"
#include "linker/stack.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct builder;

/* Thunks, the panic body (8 bytes deep) and the timeout handler are there from the start. Fails the
 * test when memory runs out, as all functions here do. */
struct builder *builder_new(void);
void builder_free(struct builder *builder);

/* A function that was declared, to define it anew (the last definition counts). */
uint32_t builder_find(const struct builder *builder, const char *name);
/* Declares a function; its code may refer to functions that come later. The name is copied; NULL:
 * "fN". */
uint32_t builder_declare(struct builder *builder, const char *name);
/* The code of a declared function follows, up to builder_end(). */
void builder_begin(struct builder *builder, uint32_t function);
void builder_begin_typed(struct builder *builder, uint32_t function, uint32_t id);
void builder_begin_program(struct builder *builder, uint32_t function); /* in section xdp */
void builder_end(struct builder *builder);
/* Makes the size in a function's symbol larger than its code. */
void builder_extend(struct builder *builder, uint32_t function, uint32_t bytes);

void builder_bytes(struct builder *builder, const char *bytes, size_t size);
void builder_sub(struct builder *builder, uint32_t bytes); /* sub rsp, bytes */
void builder_add(struct builder *builder, uint32_t bytes);
void builder_call(struct builder *builder, uint32_t function);
void builder_jump(struct builder *builder, uint32_t function);
void builder_indirect_call(struct builder *builder, uint32_t id);
void builder_indirect_jump(struct builder *builder, uint32_t id);
void builder_lea(struct builder *builder, uint32_t function); /* lea r11, [rip + function] */
void builder_return(struct builder *builder);
void builder_panic(struct builder *builder); /* call __rex_import_rex_panic */

/* The whole of a function: sub rsp, frame ; call each ; add rsp, frame ; return. */
void builder_function(struct builder *builder, uint32_t function, uint32_t frame,
                      const uint32_t *callees, size_t count);
/* The check of llvm-pass/README.md, in front of another function. */
void builder_check(struct builder *builder, uint32_t function, uint32_t need, uint32_t body);
/* An R_X86_64_RELATIVE whose addend is the function. */
void builder_relocate(struct builder *builder, uint32_t function);

/* An entry of a section .stack_sizes, which the object then has. */
void builder_stack_size(struct builder *builder, uint32_t function, uint32_t bytes);

/* The object, with everything that was declared defined. Owned by the builder. */
const struct object *builder_object(struct builder *builder);
/* Its index in code->functions. */
uint32_t builder_index(const struct builder *builder, const struct code *code, uint32_t function);

/* Reads and analyses the object; 0 or -1. The result refers to *code. */
int builder_analyse(struct builder *builder, const struct stack_options *options,
                    struct code **code, struct stack_result **result);
/* The code of the first error of the last builder_analyse(), e.g. 609; 0 without errors. */
unsigned builder_error(const struct builder *builder);
/* Everything that it said. */
const char *builder_output(const struct builder *builder);

#endif
