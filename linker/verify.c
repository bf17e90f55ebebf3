/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/verify_rules.h"

#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

/* What has to hold before a rule means anything; verify_rules.def. */
enum needs { NOTHING, LAYOUT, DECODED, CODE, NOTE, ALL, INTACT };

struct rule {
    const char *id, *line;
    enum diag_code code;
    enum needs needs;
    void (*check)(struct verify *);
};

static const struct rule rules[VERIFY_RULES] = {
#define VERIFY_RULE(name, function, id, needs, line)                                               \
    [VERIFY_##name] = {id, line, DIAG_VERIFY_##name, needs, function},
#include "linker/verify_rules.def"
#undef VERIFY_RULE
};

const char *verify_rule_id(enum verify_rule rule)
{
    return rules[rule].id;
}

const char *verify_rule_line(enum verify_rule rule)
{
    return rules[rule].line;
}

enum diag_code verify_rule_code(enum verify_rule rule)
{
    return rules[rule].code;
}

/* The name of what is at the address: a function, or the symbol with the most fitting extent. */
static const char *symbol_at(const struct object *object, uint64_t address)
{
    const struct object_function *function = object_function_containing(object, address);
    if (function)
        return function->name;
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        if (symbol->type == STT_OBJECT && symbol->section != SHN_UNDEF &&
            address >= symbol->value && address - symbol->value < symbol->size)
            return symbol->name;
    }
    return NULL;
}

__attribute__((format(printf, 4, 0))) static void
add_violation(struct verify *verify, const uint64_t *address, const char *appendix,
              const char *format, va_list arguments)
{
    struct verify_report *report = verify->report;
    struct buffer text = {0};

    report->verdicts[verify->rule] = VERIFY_BROKEN;
    report->total++;
    if (report->count == VERIFY_VIOLATIONS_MAX || verify->out_of_memory)
        return;
    struct verify_violation *violations =
        reallocarray(report->violations, report->count + 1, sizeof(*violations));
    if (!violations) {
        verify->out_of_memory = true;
        return;
    }
    report->violations = violations;
    const char *symbol = address ? symbol_at(verify->object, *address) : NULL;
    struct verify_violation *violation = &violations[report->count++];
    buffer_vformat(&text, format, arguments);
    if (appendix)
        buffer_format(&text, ": %s", appendix);
    *violation = (struct verify_violation){
        .rule = verify->rule,
        .text = buffer_take(&text),
        .symbol = symbol ? strdup(symbol) : NULL,
        .address = address ? *address : 0,
        .has_address = address != NULL,
    };
    if (!violation->text || (symbol && !violation->symbol))
        verify->out_of_memory = true;
    buffer_free(&text);
}

void refuse(struct verify *verify, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_violation(verify, NULL, NULL, format, arguments);
    va_end(arguments);
}

void refuse_at(struct verify *verify, uint64_t address, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_violation(verify, &address, NULL, format, arguments);
    va_end(arguments);
}

void refuse_instruction(struct verify *verify, uint32_t index, const char *format, ...)
{
    uint64_t address = verify->code->instructions[index].address;
    char text[128];
    va_list arguments;
    code_format(verify->code, index, text, sizeof(text));
    va_start(arguments, format);
    add_violation(verify, &address, text, format, arguments);
    va_end(arguments);
}

static bool hold(const struct verify *verify, enum verify_rule first, enum verify_rule end)
{
    for (enum verify_rule rule = first; rule < end; rule++) {
        if (verify->report->verdicts[rule] != VERIFY_HOLDS)
            return false;
    }
    return true;
}

static bool is_ready(const struct verify *verify, enum needs needs)
{
    bool layout = hold(verify, 0, VERIFY_DYNAMIC);
    switch (needs) {
    case LAYOUT:
        return layout;
    case DECODED:
        return layout && hold(verify, VERIFY_FUNCTIONS, VERIFY_PADDING);
    case CODE:
        return layout && hold(verify, VERIFY_FUNCTIONS, VERIFY_INSTRUCTIONS);
    case NOTE:
        return layout && hold(verify, VERIFY_NOTE, VERIFY_NOTE_CONTENT);
    case ALL:
        return hold(verify, 0, VERIFY_STACK_BOUNDS);
    case INTACT:
        return hold(verify, VERIFY_SIGNATURE, VERIFY_SIGNED_BY);
    default:
        return true;
    }
}

/* Makes what the rules from this one on read. */
static void prepare(struct verify *verify, struct diag *diag, enum verify_rule rule)
{
    if (rule == VERIFY_DYNAMIC && is_ready(verify, LAYOUT))
        verify_make_image(verify);
    if (rule == VERIFY_FUNCTIONS && is_ready(verify, LAYOUT) &&
        code_read(diag, verify->object, verify_judge_form, &verify->code))
        verify->out_of_memory = true;
    if (rule == VERIFY_INSTRUCTIONS && is_ready(verify, CODE)) {
        verify_find_sets(verify);
        if (!verify->out_of_memory)
            verify_follow_flow(verify);
        if (!verify->out_of_memory)
            verify_find_addresses(verify);
    }
}

int verify_object(struct diag *diag, const struct verify_options *options, const uint8_t *bytes,
                  size_t size, struct verify_report *report)
{
    struct verify verify = {.options = options, .report = report, .bytes = bytes, .size = size};
    struct object *object;
    int result = -1;

    *report = (struct verify_report){0};
    if (object_view(diag, options->name, bytes, size, &object))
        return -1;
    verify.object = object;
    report->is_signed = object->signature != NULL;
    for (verify.rule = 0; verify.rule < VERIFY_RULES && !verify.out_of_memory; verify.rule++) {
        prepare(&verify, diag, verify.rule);
        if (verify.out_of_memory || !is_ready(&verify, rules[verify.rule].needs))
            continue;
        report->verdicts[verify.rule] = VERIFY_HOLDS;
        rules[verify.rule].check(&verify);
    }
    if (verify.out_of_memory)
        diag_error(diag, DIAG_OUT_OF_MEMORY, NULL, "no memory to verify %s", options->name);
    else
        result = hold(&verify, 0, VERIFY_RULES) ? 0 : 1;
    signature_check_free(&verify.signature);
    note_free(verify.note);
    code_free(verify.code);
    free(verify.image);
    free(verify.reached);
    free(verify.may_return);
    free(verify.address_taken);
    free(verify.sets);
    free(verify.members);
    object_free(object);
    return result;
}

void verify_report_free(struct verify_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        free(report->violations[i].text);
        free(report->violations[i].symbol);
    }
    free(report->violations);
    free(report->signer);
    *report = (struct verify_report){0};
}

static const char *help_for(enum verify_rule rule)
{
    switch (rule) {
    case VERIFY_SIGNED_BY:
        return "name the signer's certificate with --cert if you trust it";
    case VERIFY_ENDBR: /* the one rule that a constant of an innocent source can break */
        return "change the constant in the source if it is one (`rexc explain REX0737`), or get "
               "the "
               "object from who made it";
    default:
        return "build the object again with `rexc build`, or get it from who made it";
    }
}

void verify_report_show(struct diag *diag, const char *name, const struct verify_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct verify_violation *violation = &report->violations[i];
        struct diag_message message = {
            .code = verify_rule_code(violation->rule),
            .at =
                {
                    .file = name,
                    .symbol = violation->symbol,
                    .address = violation->address,
                    .has_address = violation->has_address,
                },
            .why = verify_rule_line(violation->rule),
            .help = help_for(violation->rule),
        };
        diag_report(diag, &message, "%s", violation->text);
    }
    if (report->total > report->count)
        diag_error(diag, verify_rule_code(report->violations[0].rule), NULL,
                   "%zu further violations are not shown", report->total - report->count);
}
