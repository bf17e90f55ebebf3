/* SPDX-License-Identifier: Apache-2.0 */
/* The decoder and the stack analysis, on any object that the reader takes, and what they print. */
#include "base/buffer.h"
#include "base/diag.h"
#include "linker/code.h"
#include "linker/object.h"
#include "linker/stack.h"
#include "linker/stack_diff.h"
#include "linker/stack_report.h"

#include <stdint.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void analyse(struct diag *diag, const struct object *object, const struct code *code)
{
    static const char *const names[] = {"recursive.rex_body"};
    for (int round = STACK_FINAL; round <= STACK_NEEDS; round++) {
        struct stack_options options = {
            .round = (enum stack_round)round, .may_check = names, .may_check_count = 1};
        struct stack_result *result;
        struct buffer text = {0};
        if (stack_analyse(diag, object, code, &options, &result))
            continue;
        stack_report_text(diag, result, &text);
        stack_report_json(diag, result, &text);
        stack_diff_text(diag, result, result, &text);
        stack_diff_json(diag, result, result, &text);
        buffer_free(&text);
        stack_result_free(result);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *sink;
    if (!sink)
        sink = fopen("/dev/null", "w");
    struct diag_options options = {.stream = sink};
    struct diag *diag = diag_new(&options);
    struct object *object;
    struct code *code;
    if (object_read(diag, "input", data, size, &object) == 0) {
        if (code_read(diag, object, NULL, &code) == 0) {
            char text[128];
            for (uint32_t i = 0; i < code->problem_count && i < 16; i++) {
                uint32_t at = code_at(code, code->problems[i].address);
                if (at != CODE_NONE)
                    code_format(code, at, text, sizeof(text));
            }
            analyse(diag, object, code);
            code_free(code);
        }
        object_free(object);
    }
    diag_free(diag);
    return 0;
}
