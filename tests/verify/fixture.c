/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/verify/fixture.h"

#include "base/file.h"
#include "linker/btf.h"
#include "linker/finish.h"
#include "linker/imports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct diag *loud(void)
{
    return diag_new(&(struct diag_options){.color = DIAG_COLOR_NEVER});
}

static void run(const char *command)
{
    if (system(command) != 0)
        fail_msg("%s", command);
}

static struct object *read_object(const void *bytes, size_t size)
{
    struct object *object;
    struct diag *diag = loud();
    assert_int_equal(object_read(diag, "good.elf", bytes, size, &object), 0);
    diag_free(diag);
    return object;
}

/* The linked file of good.S. */
static struct object *link_good(const char *option)
{
    char directory[] = "/tmp/verify-test-XXXXXX";
    char command[2048], path[64];
    char *bytes;
    size_t size;

    assert_non_null(mkdtemp(directory));
    snprintf(
        command, sizeof(command),
        "clang-22 -c -target x86_64-unknown-none %s -o %s/good.o %s/good.S && "
        "ld.lld-22 -pie --no-dynamic-linker -z undefs -z dynamic-undefined-weak -z now "
        "-z noexecstack --apply-dynamic-relocs -Bsymbolic --hash-style=gnu --build-id=none "
        "-z max-page-size=4096 -z separate-code -T %s/contract.lds %s/good.o -o %s/good.elf -e 0",
        option ? option : "", directory, REXC_TEST_VERIFY, REXC_TEST_VERIFY, directory, directory);
    run(command);
    snprintf(path, sizeof(path), "%s/good.elf", directory);
    struct diag *diag = loud();
    assert_int_equal(file_read(diag, path, 0, &bytes, &size), 0);
    assert_int_equal(file_remove_tree(diag, directory), 0);
    diag_free(diag);
    struct object *object = read_object(bytes, size);
    free(bytes);
    return object;
}

static uint64_t value_of(const struct object *object, const char *name)
{
    const struct object_symbol *symbol = object_symbol(object, name);
    assert_non_null(symbol);
    return symbol->value;
}

static uint64_t slot_of(const struct object *object, const char *name)
{
    for (size_t i = 0; i < object->relocation_count; i++) {
        const struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type == R_X86_64_GLOB_DAT &&
            strcmp(object->dynamic_symbols[relocation->symbol].name, name) == 0)
            return relocation->offset;
    }
    fail_msg("no slot of %s", name);
    return 0;
}

/* Bounds, by hand: `first` pushes two registers, makes 24 bytes of room and calls what pushes one
 * and calls an import; `second` and the panic body push one. */
#define FIRST_BOUND (2 * 8 + 24 + 8 + 8 + 8)
#define SECOND_BOUND 8
#define PANIC_BOUND 8

/* Wherever in a function there are the bytes of a `jmp rel32` to the return thunk. */
static size_t find_returns(const struct object *object, uint32_t *returns, size_t room)
{
    const uint64_t thunk = value_of(object, "__x86_return_thunk");
    size_t count = 0;

    for (size_t i = 0; i < object->function_count; i++) {
        const struct object_function *function = &object->functions[i];
        const uint8_t *bytes = object_bytes_at(object, function->address, function->size);
        if (i && function->address == object->functions[i - 1].address)
            continue; /* a second name */
        for (uint64_t at = 0; bytes && at + 5 <= function->size; at++) {
            int32_t distance;
            memcpy(&distance, bytes + at + 1, sizeof(distance));
            if (bytes[at] != 0xe9 ||
                function->address + at + 5 + (uint64_t)(int64_t)distance != thunk)
                continue;
            assert_true(count < room);
            returns[count++] = (uint32_t)(function->address + at);
        }
    }
    return count;
}

static void write_note(const struct object *object, void (*change)(struct note *),
                       struct buffer *out)
{
    struct note_program programs[4];
    struct note_map maps[4];
    struct note_import imports[16];
    struct note_field fields[1] = {{
        .structure = "xdp_buff",
        .field = "data",
        .size = 8,
        .kind = REX_FIELD_POINTER,
        .slot = slot_of(object, "rex_off.xdp_buff.data"),
    }};
    uint32_t returns[32];
    struct note_pair provenance[1] = {{.key = "made", .value = "by hand"}};
    struct note note = {
        .license = "GPL",
        .panic_body = value_of(object, "__rex_panic_body"),
        .handle_timeout = value_of(object, "__rex_handle_timeout"),
        .panic_bound = PANIC_BOUND,
        .programs = programs,
        .maps = maps,
        .imports = imports,
        .fields = fields,
        .field_count = 1,
        .returns = returns,
        .return_count = find_returns(object, returns, 31),
        .provenance = provenance,
        .provenance_count = 1,
    };
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        const char *section =
            symbol->section < object->section_count ? object->sections[symbol->section].name : "";
        int type = program_type_of_section(section);
        if (symbol->type == STT_OBJECT && strcmp(section, ".maps") == 0)
            maps[note.map_count++] =
                (struct note_map){.name = symbol->name, .address = symbol->value};
        if (symbol->type == STT_FUNC && type >= 0)
            programs[note.program_count++] = (struct note_program){
                .name = symbol->name,
                .section = section,
                .type = (enum rex_program_type)type,
                .entry = symbol->value,
                .stack_bound = type == REX_PROGRAM_XDP ? FIRST_BOUND : SECOND_BOUND,
            };
    }
    for (size_t i = 1; i < object->dynamic_symbol_count; i++) {
        const char *name = object->dynamic_symbols[i].name;
        if (strncmp(name, "rex_off.", 8) != 0)
            imports[note.import_count++] = (struct note_import){
                .name = name,
                .kind =
                    strcmp(name, "rex_cpu") == 0 ? REX_IMPORT_IS_PERCPU : REX_IMPORT_IS_FUNCTION,
                .slot = slot_of(object, name),
            };
    }
    if (change)
        change(&note);
    struct diag *diag = loud();
    assert_int_equal(note_write(diag, "good.elf", &note, out), 0);
    diag_free(diag);
}

void fixture_make(const char *option, void (*change_note)(struct note *), struct buffer *object)
{
    struct object *image = link_good(option);
    struct buffer note = {0}, btf = {0};
    struct diag *diag = loud();

    write_note(image, change_note, &note);
    assert_int_equal(btf_write(diag, "good.elf", image, &btf), 0);
    struct finish_inputs inputs = {
        .image = image,
        .note = note.data,
        .note_size = note.length,
        .btf = btf.data,
        .btf_size = btf.length,
    };
    assert_int_equal(finish_object(diag, &inputs, object, NULL), 0);
    diag_free(diag);
    buffer_free(&note);
    buffer_free(&btf);
    object_free(image);
}

void fixture_open(const struct buffer *good, struct fixture *fixture)
{
    fixture->size = good->length;
    fixture->bytes = malloc(good->length);
    assert_non_null(fixture->bytes);
    memcpy(fixture->bytes, good->data, good->length);
    fixture->object = read_object(good->data, good->length);
}

void fixture_close(struct fixture *fixture)
{
    object_free(fixture->object);
    free(fixture->bytes);
}

Elf64_Ehdr *fixture_header(struct fixture *fixture)
{
    return (Elf64_Ehdr *)(void *)fixture->bytes;
}

Elf64_Phdr *fixture_segment(struct fixture *fixture, uint32_t type, uint32_t flags)
{
    Elf64_Phdr *headers = (Elf64_Phdr *)(void *)(fixture->bytes + fixture->object->header.e_phoff);
    for (size_t i = 0; i < fixture->object->segment_count; i++) {
        if (headers[i].p_type == type && headers[i].p_flags == flags)
            return &headers[i];
    }
    fail_msg("no segment of type 0x%x", type);
    return NULL;
}

static const struct object_section *section_of(struct fixture *fixture, const char *name)
{
    const struct object_section *section = object_section(fixture->object, name);
    if (!section)
        fail_msg("no section %s", name);
    return section;
}

Elf64_Shdr *fixture_section(struct fixture *fixture, const char *name)
{
    Elf64_Shdr *headers = (Elf64_Shdr *)(void *)(fixture->bytes + fixture->object->header.e_shoff);
    return &headers[section_of(fixture, name) - fixture->object->sections];
}

Elf64_Sym *fixture_symbol(struct fixture *fixture, const char *name)
{
    const struct object_symbol *symbol = object_symbol(fixture->object, name);
    uint8_t *table = fixture->bytes + section_of(fixture, ".symtab")->offset;
    assert_non_null(symbol);
    return (Elf64_Sym *)(void *)table + (symbol - fixture->object->symbols);
}

Elf64_Sym *fixture_dynamic_symbol(struct fixture *fixture, const char *name)
{
    uint8_t *table = fixture->bytes + section_of(fixture, ".dynsym")->offset;
    for (size_t i = 1; i < fixture->object->dynamic_symbol_count; i++) {
        if (strcmp(fixture->object->dynamic_symbols[i].name, name) == 0)
            return (Elf64_Sym *)(void *)table + i;
    }
    fail_msg("no dynamic symbol %s", name);
    return NULL;
}

Elf64_Rela *fixture_relocation(struct fixture *fixture, uint32_t type, size_t index)
{
    uint8_t *table = fixture->bytes + section_of(fixture, ".rela.dyn")->offset;
    for (size_t i = 0; i < fixture->object->relocation_count; i++) {
        if (fixture->object->relocations[i].type == type && index-- == 0)
            return (Elf64_Rela *)(void *)table + i;
    }
    fail_msg("no such relocation");
    return NULL;
}

Elf64_Dyn *fixture_dynamic(struct fixture *fixture, int64_t tag)
{
    const struct object_section *section = section_of(fixture, ".dynamic");
    Elf64_Dyn *entries = (Elf64_Dyn *)(void *)(fixture->bytes + section->offset);
    for (size_t i = 0; i < section->size / sizeof(*entries); i++) {
        if (entries[i].d_tag == tag)
            return &entries[i];
    }
    fail_msg("no dynamic tag %ld", (long)tag);
    return NULL;
}

char *fixture_string(struct fixture *fixture, const char *text)
{
    const struct object_section *section = section_of(fixture, ".strtab");
    char *found = memmem(fixture->bytes + section->offset, section->size, text, strlen(text) + 1);
    assert_non_null(found);
    return found;
}

uint64_t fixture_address(struct fixture *fixture, const char *symbol)
{
    return value_of(fixture->object, symbol);
}

uint64_t fixture_slot(struct fixture *fixture, const char *symbol)
{
    return slot_of(fixture->object, symbol);
}

uint8_t *fixture_at(struct fixture *fixture, uint64_t address)
{
    const uint8_t *bytes = object_bytes_at(fixture->object, address, 1);
    assert_non_null(bytes);
    return fixture->bytes + (bytes - fixture->object->bytes);
}

uint8_t *fixture_canvas(struct fixture *fixture, uint64_t *address)
{
    *address = fixture_address(fixture, "canvas") + 4; /* push rbp ; mov rbp, rsp */
    return fixture_at(fixture, *address);
}

void fixture_paint(struct fixture *fixture, const char *hexadecimal)
{
    uint64_t address;
    uint8_t *canvas = fixture_canvas(fixture, &address);
    size_t length = 0;
    for (const char *at = hexadecimal; *at; at += *at == ' ' ? 1 : 2) {
        unsigned value;
        if (*at == ' ')
            continue;
        assert_int_equal(sscanf(at, "%2x", &value), 1);
        assert_true(length < 32);
        canvas[length++] = (uint8_t)value;
    }
}

void fixture_aim(struct fixture *fixture, size_t offset, uint64_t target)
{
    uint64_t address;
    uint8_t *canvas = fixture_canvas(fixture, &address);
    uint32_t distance = (uint32_t)(target - (address + offset + 4));
    memcpy(canvas + offset, &distance, sizeof(distance));
}

_Static_assert(VERIFY_RULES < 64, "a set of rules is 64 bits");

bool fixture_expect(const struct fixture *fixture, enum verify_trust trust, enum verify_rule rule,
                    const char *what)
{
    return fixture_expect_rules(fixture, trust, rule < VERIFY_RULES ? UINT64_C(1) << rule : 0,
                                what);
}

bool fixture_expect_rules(const struct fixture *fixture, enum verify_trust trust, uint64_t rules,
                          const char *what)
{
    struct verify_options options = {.name = "broken.rex", .trust = trust};
    struct verify_report report;
    struct diag *diag = loud();
    bool right = true;

    int result = verify_object(diag, &options, fixture->bytes, fixture->size, &report);
    assert_int_not_equal(result, -1);
    for (enum verify_rule i = 0; i < VERIFY_RULES; i++)
        right = right && (report.verdicts[i] == VERIFY_BROKEN) == (rules >> i & 1);
    if (!right) {
        for (size_t i = 0; i < report.count; i++)
            print_message("    %s at 0x%lx: %s\n", verify_rule_id(report.violations[i].rule),
                          report.violations[i].address, report.violations[i].text);
        print_message("%s: wanted", what);
        for (enum verify_rule i = 0; i < VERIFY_RULES; i++)
            print_message("%s%s", rules >> i & 1 ? " " : "",
                          rules >> i & 1 ? verify_rule_id(i) : "");
        print_message("%s\n", rules ? "" : " no violation");
    }
    assert_int_equal(result, report.total > 0);
    verify_report_free(&report);
    diag_free(diag);
    return right;
}
