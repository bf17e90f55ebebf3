/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's sizes of frames against those of the machine code. */
#include "linker/stack.h"
#include "tests/stack/builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct stack_options with_sizes = {.round = STACK_FINAL, .sizes = true};

/* The code of the first error, and of how many functions the sizes were compared. */
static unsigned error_of(struct builder *builder, size_t *compared)
{
    struct code *code = NULL;
    struct stack_result *result = NULL;
    unsigned error =
        builder_analyse(builder, &with_sizes, &code, &result) ? builder_error(builder) : 0;
    *compared = result ? result->sizes_checked : 0;
    stack_result_free(result);
    code_free(code);
    return error;
}

/* The program: a body of the given bytes between its entry and its return, of that size. */
static unsigned error_of_body(const char *body, size_t body_size, uint32_t bytes,
                              const char *expected)
{
    struct builder *builder = builder_new();
    uint32_t function = builder_declare(builder, "program");
    uint32_t callee = builder_declare(builder, NULL);
    size_t compared;

    builder_begin_program(builder, function);
    for (size_t i = 0; i < body_size; i++) {
        if (body[i] == '\xe8') /* no other byte of the bodies here is that */
            builder_call(builder, callee);
        else
            builder_bytes(builder, &body[i], 1);
    }
    builder_return(builder);
    builder_end(builder);
    builder_function(builder, callee, 8, NULL, 0);
    builder_stack_size(builder, function, bytes);
    unsigned error = error_of(builder, &compared);
    if (!error)
        assert_int_equal(compared, 1);
    if (expected && !strstr(builder_output(builder), expected))
        fail_msg("'%s' is not in: %s", expected, builder_output(builder));
    builder_free(builder);
    return error;
}

#define BODY(text) (text), sizeof(text) - 1
#define SUB_1000 "\x48\x81\xec\x00\x10\x00\x00"
#define ADD_1000 "\x48\x81\xc4\x00\x10\x00\x00"
#define SUB_8 "\x48\x83\xec\x08"
#define PUSH_1 "\x6a\x01"
#define SUB_24 "\x48\x83\xec\x18"
#define ADD_24 "\x48\x83\xc4\x18"
#define CALL "\xe8"

static void sizes_are_compared(void **state)
{
    (void)state;
    assert_int_equal(error_of_body(BODY(SUB_1000 ADD_1000), 4096, NULL), 0);
    assert_int_equal(
        error_of_body(BODY(SUB_1000 ADD_1000), 4088,
                      "has 4088 bytes by the compiler's section .stack_sizes, 4096 by"),
        614);
    assert_int_equal(error_of_body(BODY(SUB_1000 ADD_1000), 4104, NULL), 614);
    assert_int_equal(error_of_body(BODY("\x90"), 0, NULL), 0);
    assert_int_equal(error_of_body(BODY("\x90"), 8, NULL), 614);
}

static void a_return_address_is_no_part(void **state)
{
    (void)state;
    assert_int_equal(error_of_body(BODY(SUB_8 CALL "\x48\x83\xc4\x08"), 8, NULL), 0);
    assert_int_equal(error_of_body(BODY(SUB_8 CALL "\x48\x83\xc4\x08"), 16, NULL), 614);
}

/* push rbp ; mov rbp, rsp ; push rbx ; and rsp, -64 ; sub rsp, 192 ; lea rsp, [rbp - 8] ; ... */
static void realignment_is_accounted_for(void **state)
{
    static const char body[] = "\x55\x48\x89\xe5\x53\x48\x83\xe4\xc0\x48\x81\xec\xc0\x00\x00\x00"
                               "\x48\x8d\x65\xf8\x5b\x5d";
    (void)state;
    assert_int_equal(error_of_body(BODY(body), 184, NULL), 0); /* 192 bytes hold 168 */
    assert_int_equal(error_of_body(BODY(body), 208, NULL), 0);
    assert_int_equal(
        error_of_body(BODY(body), 216, "with the function's realignment that is a height of 328"),
        614);
    assert_int_equal(error_of_body(BODY(body), 144, NULL), 614);
}

/* A call's arguments lie above the frame, which the compiler's size leaves out. */
static void pushed_arguments_are_no_part(void **state)
{
    (void)state;
    assert_int_equal(error_of_body(BODY(SUB_24 SUB_8 PUSH_1 PUSH_1 CALL ADD_24 ADD_24), 24, NULL),
                     0);
    assert_int_equal(error_of_body(BODY(SUB_24 PUSH_1 PUSH_1 PUSH_1 CALL ADD_24 ADD_24), 24, NULL),
                     0);
    /* but what is no push and no padding is the frame, */
    assert_int_equal(error_of_body(BODY(SUB_24 SUB_24 CALL ADD_24 ADD_24), 24, NULL), 614);
    /* and so is what does not begin at its end. */
    assert_int_equal(
        error_of_body(BODY(SUB_24 ADD_24 "\x48\x83\xec\x14" SUB_8 "\x48\x83\xc4\x1c"), 24, NULL),
        614);
}

/* A program that only returns. */
static struct builder *build_empty(uint32_t *function)
{
    struct builder *builder = builder_new();
    *function = builder_declare(builder, "program");
    builder_begin_program(builder, *function);
    builder_return(builder);
    builder_end(builder);
    return builder;
}

static void there_must_be_sizes(void **state)
{
    uint32_t function;
    struct builder *builder = build_empty(&function);
    size_t compared;
    (void)state;
    assert_int_equal(error_of(builder, &compared), 614);
    assert_non_null(strstr(builder_output(builder), "has no section .stack_sizes"));
    builder_free(builder);
}

/* Entries end within the section. */
static void sizes_must_be_whole(void **state)
{
    uint32_t function;
    struct builder *builder = build_empty(&function);
    size_t compared;
    (void)state;
    builder_stack_size(builder, function, 0);
    struct object_section *section = &builder_object(builder)->sections[3];
    section->size--;
    assert_int_equal(error_of(builder, &compared), 614);
    section->size -= 2;
    assert_int_equal(error_of(builder, &compared), 614);
    builder_free(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_compared),
        cmocka_unit_test(a_return_address_is_no_part),
        cmocka_unit_test(realignment_is_accounted_for),
        cmocka_unit_test(pushed_arguments_are_no_part),
        cmocka_unit_test(there_must_be_sizes),
        cmocka_unit_test(sizes_must_be_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
