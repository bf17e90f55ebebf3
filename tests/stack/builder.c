/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/stack/builder.h"

#include "base/buffer.h"
#include "base/diag.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_ADDRESS 0x1000u
#define SLOT_ADDRESS 0x10u /* slots of imports, from here on, 8 bytes each; never read */
#define NO_ADDRESS UINT64_MAX

struct function {
    char *name;
    uint64_t address; /* NO_ADDRESS: declared only */
    uint64_t size;
    uint16_t section;
};

struct fixup { /* a rel32 */
    size_t offset;
    uint32_t function;
};

struct stack_size {
    uint32_t function, bytes;
};

struct builder {
    struct buffer text;
    struct function *functions;
    uint32_t function_count, function_capacity;
    struct fixup *fixups;
    size_t fixup_count, fixup_capacity;
    struct object_relocation *relocations;
    size_t relocation_count;
    uint32_t current;
    uint32_t indirect_thunk, return_thunk, panic, overflow;
    const char *imports[8];
    size_t import_count;
    struct object object;
    struct object_segment segment;
    struct object_section sections[4];
    struct stack_size *sizes;
    size_t size_count;
    struct object_symbol *symbols, dynamic_symbols[9];
    struct object_relocation slots[8];
    char *output;
    size_t output_size;
};

static void *checked(void *memory)
{
    assert_non_null(memory);
    return memory;
}

uint32_t builder_declare(struct builder *builder, const char *name)
{
    char text[32];
    if (builder->function_count == builder->function_capacity) {
        builder->function_capacity =
            builder->function_capacity ? builder->function_capacity * 2 : 64;
        builder->functions = checked(reallocarray(builder->functions, builder->function_capacity,
                                                  sizeof(*builder->functions)));
    }
    snprintf(text, sizeof(text), "f%u", builder->function_count);
    builder->functions[builder->function_count] = (struct function){
        .name = checked(strdup(name ? name : text)), .address = NO_ADDRESS, .section = 1};
    return builder->function_count++;
}

void builder_bytes(struct builder *builder, const char *bytes, size_t size)
{
    assert_int_equal(buffer_append(&builder->text, bytes, size), 0);
}

uint32_t builder_find(const struct builder *builder, const char *name)
{
    for (uint32_t i = 0; i < builder->function_count; i++)
        if (strcmp(builder->functions[i].name, name) == 0)
            return i;
    fail_msg("no function %s", name);
    return CODE_NONE;
}

static void put32(struct builder *builder, uint32_t value)
{
    assert_int_equal(buffer_append(&builder->text, &value, sizeof(value)), 0);
}

static void put_target(struct builder *builder, uint32_t function)
{
    if (builder->fixup_count == builder->fixup_capacity) {
        builder->fixup_capacity = builder->fixup_capacity ? builder->fixup_capacity * 2 : 256;
        builder->fixups = checked(
            reallocarray(builder->fixups, builder->fixup_capacity, sizeof(*builder->fixups)));
    }
    builder->fixups[builder->fixup_count++] =
        (struct fixup){.offset = builder->text.length, .function = function};
    put32(builder, 0);
}

void builder_begin(struct builder *builder, uint32_t function)
{
    while (builder->text.length % 16)
        builder_bytes(builder, "\xcc", 1);
    builder->current = function;
    builder->functions[function].address = TEXT_ADDRESS + builder->text.length;
}

void builder_begin_typed(struct builder *builder, uint32_t function, uint32_t id)
{
    while (builder->text.length % 16 != 11)
        builder_bytes(builder, "\xcc", 1);
    builder_bytes(builder, "\xb8", 1);
    put32(builder, id);
    builder_begin(builder, function);
}

void builder_begin_program(struct builder *builder, uint32_t function)
{
    builder_begin(builder, function);
    builder->functions[function].section = 2;
}

void builder_end(struct builder *builder)
{
    struct function *function = &builder->functions[builder->current];
    function->size = TEXT_ADDRESS + builder->text.length - function->address;
}

void builder_extend(struct builder *builder, uint32_t function, uint32_t bytes)
{
    builder->functions[function].size += bytes;
}

void builder_sub(struct builder *builder, uint32_t bytes)
{
    builder_bytes(builder, "\x48\x81\xec", 3);
    put32(builder, bytes);
}

void builder_add(struct builder *builder, uint32_t bytes)
{
    builder_bytes(builder, "\x48\x81\xc4", 3);
    put32(builder, bytes);
}

void builder_call(struct builder *builder, uint32_t function)
{
    builder_bytes(builder, "\xe8", 1);
    put_target(builder, function);
}

void builder_jump(struct builder *builder, uint32_t function)
{
    builder_bytes(builder, "\xe9", 1);
    put_target(builder, function);
}

static void check_type(struct builder *builder, uint32_t id)
{
    builder_bytes(builder, "\x41\xba", 2);
    put32(builder, -id);
    builder_bytes(builder, "\x45\x03\x53\xfc\x74\x02\x0f\x0b", 8);
}

void builder_indirect_call(struct builder *builder, uint32_t id)
{
    check_type(builder, id);
    builder_call(builder, builder->indirect_thunk);
}

void builder_indirect_jump(struct builder *builder, uint32_t id)
{
    check_type(builder, id);
    builder_jump(builder, builder->indirect_thunk);
}

void builder_lea(struct builder *builder, uint32_t function)
{
    builder_bytes(builder, "\x4c\x8d\x1d", 3);
    put_target(builder, function);
}

void builder_return(struct builder *builder)
{
    builder_jump(builder, builder->return_thunk);
}

void builder_panic(struct builder *builder)
{
    builder_call(builder, builder->panic);
}

void builder_function(struct builder *builder, uint32_t function, uint32_t frame,
                      const uint32_t *callees, size_t count)
{
    builder_begin(builder, function);
    builder_sub(builder, frame);
    for (size_t i = 0; i < count; i++)
        builder_call(builder, callees[i]);
    builder_add(builder, frame);
    builder_return(builder);
    builder_end(builder);
}

static void put_slot(struct builder *builder, const char *import)
{
    size_t index = 0;
    while (index < builder->import_count && strcmp(builder->imports[index], import) != 0)
        index++;
    if (index == builder->import_count)
        builder->imports[builder->import_count++] = import;
    uint64_t next = TEXT_ADDRESS + builder->text.length + 4;
    put32(builder, (uint32_t)(SLOT_ADDRESS + 8 * index - next));
}

void builder_check(struct builder *builder, uint32_t function, uint32_t need, uint32_t body)
{
    builder_begin(builder, function);
    builder_bytes(builder, "\xf3\x0f\x1e\xfa\x4c\x8d\x94\x24", 8);
    put32(builder, -need);
    builder_bytes(builder, "\x4c\x8b\x1d", 3);
    put_slot(builder, "rex_cpu");
    builder_bytes(builder, "\x65\x4d\x3b\x13\x0f\x82", 6);
    put_target(builder, builder->overflow);
    builder_jump(builder, body);
    builder_end(builder);
}

void builder_relocate(struct builder *builder, uint32_t function)
{
    builder->relocations = checked(reallocarray(builder->relocations, builder->relocation_count + 1,
                                                sizeof(*builder->relocations)));
    builder->relocations[builder->relocation_count++] =
        (struct object_relocation){.type = R_X86_64_RELATIVE, .addend = function};
}

void builder_stack_size(struct builder *builder, uint32_t function, uint32_t bytes)
{
    builder->sizes =
        checked(reallocarray(builder->sizes, builder->size_count + 1, sizeof(*builder->sizes)));
    builder->sizes[builder->size_count++] =
        (struct stack_size){.function = function, .bytes = bytes};
}

static uint32_t define(struct builder *builder, const char *name, const char *bytes, size_t size)
{
    uint32_t function = builder_declare(builder, name);
    builder_begin(builder, function);
    builder_bytes(builder, bytes, size);
    builder_end(builder);
    return function;
}

static uint32_t define_import(struct builder *builder, const char *thunk, const char *import)
{
    uint32_t function = builder_declare(builder, thunk);
    builder_begin(builder, function);
    builder_bytes(builder, "\xf3\x0f\x1e\xfa\xff\x25", 6);
    put_slot(builder, import);
    builder_end(builder);
    return function;
}

struct builder *builder_new(void)
{
    struct builder *builder = checked(calloc(1, sizeof(*builder)));
    builder->indirect_thunk = define(builder, "__x86_indirect_thunk_r11", "\x41\xff\xe3", 3);
    builder->return_thunk = define(builder, "__x86_return_thunk", "\xc3", 1);
    builder->panic = define_import(builder, "__rex_import_rex_panic", "rex_panic");
    builder->overflow =
        define_import(builder, "__rex_import_rex_stack_overflow", "rex_stack_overflow");
    uint32_t timeout = define_import(builder, "__rex_import_rex_timeout", "rex_timeout");
    uint32_t handler = builder_declare(builder, "__rex_handle_timeout");
    builder_begin(builder, handler);
    builder_jump(builder, timeout);
    builder_end(builder);
    uint32_t body = builder_declare(builder, "__rex_panic_body");
    builder_function(builder, body, 8, NULL, 0);
    return builder;
}

void builder_free(struct builder *builder)
{
    for (uint32_t i = 0; i < builder->function_count; i++)
        free(builder->functions[i].name);
    buffer_free(&builder->text);
    free(builder->functions);
    free(builder->fixups);
    free(builder->relocations);
    free(builder->sizes);
    free(builder->symbols);
    free(builder->object.functions);
    free(builder->object.names);
    free(builder->object.relocations);
    free(builder->output);
    free(builder);
}

static int compare_functions(const void *a, const void *b)
{
    const struct object_function *left = a, *right = b;
    if (left->address != right->address)
        return left->address < right->address ? -1 : 1;
    return strcmp(left->name, right->name);
}

static void make_functions(struct builder *builder, struct object *object)
{
    object->functions = checked(calloc(builder->function_count, sizeof(*object->functions)));
    builder->symbols =
        checked(calloc((size_t)builder->function_count + 1, sizeof(*builder->symbols)));
    builder->symbols[0].name = "";
    for (uint32_t i = 0; i < builder->function_count; i++) {
        const struct function *function = &builder->functions[i];
        assert_int_not_equal(function->address, NO_ADDRESS);
        object->functions[i] = (struct object_function){.name = function->name,
                                                        .address = function->address,
                                                        .size = function->size,
                                                        .section = function->section};
        builder->symbols[i + 1] = (struct object_symbol){.name = function->name,
                                                         .value = function->address,
                                                         .size = function->size,
                                                         .section = function->section,
                                                         .type = STT_FUNC};
    }
    object->function_count = builder->function_count;
    qsort(object->functions, object->function_count, sizeof(*object->functions), compare_functions);
    object->symbols = builder->symbols;
    object->symbol_count = builder->function_count + 1;
}

static int compare_names(const void *a, const void *b)
{
    const struct object_symbol *const *left = a, *const *right = b;
    return strcmp((*left)->name, (*right)->name);
}

static void make_names(struct builder *builder, struct object *object)
{
    object->names = checked(calloc(builder->function_count, sizeof(*object->names)));
    object->name_count = builder->function_count;
    for (uint32_t i = 0; i < builder->function_count; i++)
        object->names[i] = &builder->symbols[i + 1];
    qsort(object->names, object->name_count, sizeof(*object->names), compare_names);
}

static void make_slots(struct builder *builder, struct object *object)
{
    builder->dynamic_symbols[0].name = "";
    for (size_t i = 0; i < builder->import_count; i++) {
        builder->dynamic_symbols[i + 1].name = builder->imports[i];
        builder->slots[i] = (struct object_relocation){
            .offset = SLOT_ADDRESS + 8 * i, .type = R_X86_64_GLOB_DAT, .symbol = (uint32_t)i + 1};
    }
    object->dynamic_symbols = builder->dynamic_symbols;
    object->dynamic_symbol_count = builder->import_count + 1;
    object->slots = builder->slots;
    object->slot_count = builder->import_count;
}

static void make_relocations(struct builder *builder, struct object *object)
{
    object->relocations =
        checked(calloc(builder->relocation_count + 1, sizeof(*object->relocations)));
    object->relocation_count = builder->relocation_count;
    for (size_t i = 0; i < builder->relocation_count; i++) {
        object->relocations[i] = builder->relocations[i];
        object->relocations[i].addend =
            (int64_t)builder->functions[builder->relocations[i].addend].address;
    }
}

/* Behind the text, which is not told of it. */
static void make_sizes(struct builder *builder)
{
    size_t begin = builder->text.length;
    for (size_t i = 0; i < builder->size_count; i++) {
        const struct stack_size *size = &builder->sizes[i];
        uint64_t address = builder->functions[size->function].address;
        uint32_t rest = size->bytes;
        builder_bytes(builder, (const char *)&address, sizeof(address));
        for (; rest >= 0x80; rest >>= 7)
            builder_bytes(builder, (const char[]){(char)(rest | 0x80)}, 1);
        builder_bytes(builder, (const char[]){(char)rest}, 1);
    }
    builder->sections[3] = (struct object_section){.name = ".stack_sizes",
                                                   .type = SHT_PROGBITS,
                                                   .offset = begin,
                                                   .size = builder->text.length - begin};
}

const struct object *builder_object(struct builder *builder)
{
    struct object *object = &builder->object;
    if (object->bytes)
        return object;
    for (size_t i = 0; i < builder->fixup_count; i++) {
        const struct fixup *fixup = &builder->fixups[i];
        uint32_t relative = (uint32_t)(builder->functions[fixup->function].address -
                                       (TEXT_ADDRESS + fixup->offset + 4));
        memcpy(builder->text.data + fixup->offset, &relative, sizeof(relative));
    }
    builder->segment = (struct object_segment){.type = PT_LOAD,
                                               .flags = PF_R | PF_X,
                                               .vaddr = TEXT_ADDRESS,
                                               .file_size = builder->text.length,
                                               .memory_size = builder->text.length};
    if (builder->size_count)
        make_sizes(builder);
    builder->sections[0].name = "";
    builder->sections[1].name = ".text";
    builder->sections[2].name = "xdp";
    object->bytes = (const uint8_t *)builder->text.data;
    object->size = builder->text.length;
    object->segments = &builder->segment;
    object->segment_count = 1;
    object->sections = builder->sections;
    object->section_count = builder->size_count ? 4 : 3;
    make_functions(builder, object);
    make_names(builder, object);
    make_slots(builder, object);
    make_relocations(builder, object);
    return object;
}

uint32_t builder_index(const struct builder *builder, const struct code *code, uint32_t function)
{
    uint32_t index = code_function_at(code, builder->functions[function].address);
    assert_int_not_equal(index, CODE_NONE);
    return index;
}

int builder_analyse(struct builder *builder, const struct stack_options *options,
                    struct code **code, struct stack_result **result)
{
    const struct object *object = builder_object(builder);
    free(builder->output);
    builder->output = NULL;
    FILE *stream = checked(open_memstream(&builder->output, &builder->output_size));
    struct diag_options diag_options = {.stream = stream, .color = DIAG_COLOR_NEVER};
    struct diag *diag = diag_new(&diag_options);
    *result = NULL;
    assert_int_equal(code_read(diag, object, NULL, code), 0);
    int failed = stack_analyse(diag, object, *code, options, result);
    assert_int_equal(failed != 0, diag_count(diag, DIAG_ERROR) != 0);
    diag_free(diag);
    fclose(stream);
    return failed;
}

unsigned builder_error(const struct builder *builder)
{
    const char *code = builder->output ? strstr(builder->output, "REX") : NULL;
    return code ? (unsigned)strtoul(code + 3, NULL, 10) : 0;
}

const char *builder_output(const struct builder *builder)
{
    return builder->output ? builder->output : "";
}
