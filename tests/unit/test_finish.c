/* SPDX-License-Identifier: Apache-2.0 */
/* The writer of objects: what it keeps, changes, drops and adds, and that it survives any
 * allocation's failure. */
#include "link_fixture.h"
#include "linker/finish.h"
#include "linker/thunks.h"

#include <gelf.h>
#include <libelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocations until one fails; 0: none does. */
static unsigned fail_at;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool fails(void)
{
    if (fail_at == 0)
        return false;
    fail_at--;
    return fail_at == 0;
}

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    return fails() ? NULL : __real_realloc(memory, size);
}

static const char note[] = "\4\0\0\0\10\0\0\0\1\0\0\0Rex\0content";
static const char btf[] = "types";

static struct object *read_bytes(struct fixture *fixture, const struct buffer *bytes)
{
    struct object *object;
    assert_int_equal(object_read(fixture->diag, "bytes", bytes->data, bytes->length, &object), 0);
    return object;
}

static struct object *link_image(struct fixture *fixture)
{
    struct buffer bytes = {0};
    assert_int_equal(fixture_link_program(fixture, NULL, &bytes), 0);
    struct object *image = read_bytes(fixture, &bytes);
    buffer_free(&bytes);
    return image;
}

static struct finish_inputs inputs_of(const struct object *image)
{
    return (struct finish_inputs){.image = image,
                                  .note = note,
                                  .note_size = sizeof(note) - 1,
                                  .btf = btf,
                                  .btf_size = sizeof(btf) - 1};
}

static struct object *finish(struct fixture *fixture, const struct finish_inputs *inputs)
{
    struct buffer bytes = {0};
    assert_int_equal(finish_object(fixture->diag, inputs, &bytes, NULL), 0);
    struct object *object = read_bytes(fixture, &bytes);
    buffer_free(&bytes);
    return object;
}

static void assert_sections(const struct object *object, const char *const *expected)
{
    size_t i = 1;
    for (; *expected; expected++, i++) {
        assert_true(i < object->section_count);
        assert_string_equal(object->sections[i].name, *expected);
    }
    assert_int_equal(i, object->section_count);
}

static void assert_content(const struct object *object, const char *name, const void *content,
                           size_t size)
{
    const struct object_section *section = object_section(object, name);
    assert_non_null(section);
    assert_int_equal(section->size, size);
    assert_int_equal(section->offset % section->align, 0);
    assert_memory_equal(object->bytes + section->offset, content, size);
}

#define LOADED                                                                                     \
    ".dynsym", ".gnu.hash", ".dynstr", ".rela.dyn", ".text", "kprobe/do_unlinkat", "xdp",          \
        ".dynamic", ".got", ".maps", ".data.rel.ro", ".data", ".bss"

static void test_sections(void **state)
{
    static const char *const expected[] = {LOADED,     ".symtab",    ".strtab",
                                           ".comment", ".debug_str", ".note.rex",
                                           ".BTF",     ".shstrtab",  NULL};
    struct object *image = link_image(*state);
    struct finish_inputs inputs = inputs_of(image);
    struct object *object = finish(*state, &inputs);
    assert_sections(object, expected);
    assert_content(object, ".note.rex", note, sizeof(note) - 1);
    assert_content(object, ".BTF", btf, sizeof(btf) - 1);
    assert_content(object, ".debug_str", "text", 5);
    assert_int_equal(object_section(object, ".note.rex")->type, SHT_NOTE);
    for (size_t i = 0; i < object->section_count; i++)
        assert_false(object->sections[i].flags & SHF_GNU_RETAIN);
    /* Links point to the sections that they pointed to. */
    assert_string_equal(object->sections[object_section(object, ".dynsym")->link].name, ".dynstr");
    assert_string_equal(object->sections[object_section(object, ".rela.dyn")->link].name,
                        ".dynsym");
    assert_string_equal(object->sections[object_section(object, ".symtab")->link].name, ".strtab");
    assert_int_equal(object->header.e_ident[EI_OSABI], ELFOSABI_NONE);
    object_free(object);
    object_free(image);
}

static void test_without_btf(void **state)
{
    static const char *const expected[] = {LOADED,       ".symtab",   ".strtab",   ".comment",
                                           ".debug_str", ".note.rex", ".shstrtab", NULL};
    struct object *image = link_image(*state);
    struct finish_inputs inputs = inputs_of(image);
    inputs.btf_size = 0;
    struct object *object = finish(*state, &inputs);
    assert_sections(object, expected);
    object_free(object);
    object_free(image);
}

/* Everything that a loader maps is the linker's, but for the ELF header's section fields. */
static void test_loaded_bytes(void **state)
{
    struct object *image = link_image(*state);
    struct finish_inputs inputs = inputs_of(image);
    struct object *object = finish(*state, &inputs);
    assert_int_equal(object->segment_count, image->segment_count);
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct object_segment *was = &image->segments[i], *is = &object->segments[i];
        assert_memory_equal(was, is, sizeof(*was));
        uint64_t from = was->offset < sizeof(Elf64_Ehdr) ? sizeof(Elf64_Ehdr) : was->offset;
        if (was->offset + was->file_size > from)
            assert_memory_equal(image->bytes + from, object->bytes + from,
                                was->offset + was->file_size - from);
    }
    assert_int_equal(object->relocation_count, image->relocation_count);
    object_free(object);
    object_free(image);
}

static void test_symbols(void **state)
{
    static const char *const kept[] = {"prog",
                                       "probe",
                                       "helper",
                                       "counts",
                                       "table",
                                       "__rex_panic_body",
                                       "__rex_handle_timeout",
                                       "__x86_return_thunk",
                                       "__rex_import_rex_timeout"};
    struct object *image = link_image(*state);
    assert_non_null(object_symbol(image, "__cfi_prog"));
    struct finish_inputs inputs = inputs_of(image);
    struct object *object = finish(*state, &inputs);
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const struct object_symbol *was = object_symbol(image, kept[i]);
        const struct object_symbol *is = object_symbol(object, kept[i]);
        assert_non_null(is);
        assert_int_equal(is->value, was->value);
        assert_int_equal(is->size, was->size);
        assert_int_equal(is->bind, was->bind);
        assert_string_equal(object->sections[is->section].name, image->sections[was->section].name);
    }
    size_t first_global = object_section(object, ".symtab")->info;
    for (size_t i = 1; i < object->symbol_count; i++) {
        const struct object_symbol *symbol = &object->symbols[i];
        assert_int_not_equal(strncmp(symbol->name, "__cfi_", 6), 0);
        assert_int_not_equal(strncmp(symbol->name, "__rex_need.", 11), 0);
        assert_string_not_equal(symbol->name, "_DYNAMIC");
        assert_true(symbol->type != STT_FILE && symbol->type != STT_SECTION);
        assert_int_equal(symbol->bind == STB_LOCAL, i < first_global);
    }
    object_free(object);
    object_free(image);
}

static void test_ids(void **state)
{
    static const uint8_t before[] = {0xb8, 0x11, 0x22, 0x33, 0x44};
    static const uint8_t after[] = {0xb8, 0x0d, 0xf0, 0xfe, 0xca};
    struct object *image = link_image(*state);
    const struct finish_id id = {object_symbol(image, "prog")->value, 0xcafef00d};
    struct finish_inputs inputs = inputs_of(image);
    inputs.ids = &id;
    inputs.id_count = 1;
    struct object *object = finish(*state, &inputs);
    assert_memory_equal(object_bytes_at(image, id.function - 5, 5), before, 5);
    assert_memory_equal(object_bytes_at(object, id.function - 5, 5), after, 5);
    /* The other functions keep theirs. */
    assert_memory_equal(object_bytes_at(object, object_symbol(object, "probe")->value - 5, 5),
                        before, 5);
    object_free(object);
    object_free(image);
}

/* Addresses without a prefix before them: refused, and no object. */
static void test_bad_ids(void **state)
{
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    const struct object_segment *text = NULL;
    for (size_t i = 0; i < image->segment_count; i++)
        if (image->segments[i].type == PT_LOAD && (image->segments[i].flags & PF_X))
            text = &image->segments[i];
    assert_non_null(text);
    const uint64_t addresses[] = {
        0,
        text->vaddr,
        text->vaddr + 4,
        text->vaddr + text->file_size + 1,
        object_symbol(image, "prog")->value + 1,
        object_symbol(image, "__x86_return_thunk")->value,
        object_symbol(image, "table")->value,
        UINT64_MAX,
    };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        const struct finish_id id = {addresses[i], 1};
        struct finish_inputs inputs = inputs_of(image);
        struct buffer bytes = {0};
        inputs.ids = &id;
        inputs.id_count = 1;
        assert_int_equal(finish_object(fixture->diag, &inputs, &bytes, NULL), -1);
        assert_null(bytes.data);
        assert_int_equal(diag_count(fixture->diag, DIAG_ERROR), i + 1);
    }
    assert_true(fixture_said(fixture, DIAG_LINK_IMAGE));
    object_free(image);
}

/* The file for debuggers, read as they do, by libelf: loaded sections without content. */
static void assert_debug_file(struct buffer *bytes, const struct object_symbol *prog)
{
    static const char *const expected[] = {LOADED, ".symtab", ".strtab", ".debug_str", ".shstrtab"};
    size_t names, count, i = 0;
    bool found = false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory(bytes->data, bytes->length);
    assert_non_null(elf);
    assert_int_equal(elf_getphdrnum(elf, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(elf_getshdrstrndx(elf, &names), 0);
    for (Elf_Scn *section = elf_nextscn(elf, NULL); section;
         section = elf_nextscn(elf, section), i++) {
        GElf_Shdr header;
        assert_non_null(gelf_getshdr(section, &header));
        assert_true(i < sizeof(expected) / sizeof(expected[0]));
        assert_string_equal(elf_strptr(elf, names, header.sh_name), expected[i]);
        assert_int_equal(!!(header.sh_flags & SHF_ALLOC), header.sh_type == SHT_NOBITS);
        Elf_Data *data = elf_getdata(section, NULL);
        assert_non_null(data);
        if (strcmp(expected[i], ".debug_str") == 0)
            assert_string_equal(data->d_buf, "text");
        GElf_Sym symbol;
        for (int k = 0; header.sh_type == SHT_SYMTAB && gelf_getsym(data, k, &symbol); k++)
            if (strcmp(elf_strptr(elf, header.sh_link, symbol.st_name), "prog") == 0)
                found = symbol.st_value == prog->value && symbol.st_shndx == prog->section;
    }
    assert_int_equal(i, sizeof(expected) / sizeof(expected[0]));
    assert_true(found);
    elf_end(elf);
}

static void test_strip(void **state)
{
    static const char *const stripped[] = {LOADED,      ".symtab", ".strtab",   ".comment",
                                           ".note.rex", ".BTF",    ".shstrtab", NULL};
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    struct finish_inputs inputs = inputs_of(image);
    struct buffer bytes = {0}, debug = {0};
    inputs.strip = true;
    assert_int_equal(finish_object(fixture->diag, &inputs, &bytes, &debug), 0);
    struct object *object = read_bytes(fixture, &bytes);
    assert_sections(object, stripped);
    assert_debug_file(&debug, object_symbol(object, "prog"));
    object_free(object);
    object_free(image);
    buffer_free(&bytes);
    buffer_free(&debug);
}

static void test_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    struct finish_inputs inputs = inputs_of(image);
    struct buffer first = {0}, second = {0}, first_debug = {0}, second_debug = {0};
    inputs.strip = true;
    assert_int_equal(finish_object(fixture->diag, &inputs, &first, &first_debug), 0);
    assert_int_equal(finish_object(fixture->diag, &inputs, &second, &second_debug), 0);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    assert_int_equal(first_debug.length, second_debug.length);
    assert_memory_equal(first_debug.data, second_debug.data, first_debug.length);
    buffer_free(&first);
    buffer_free(&second);
    buffer_free(&first_debug);
    buffer_free(&second_debug);
    object_free(image);
}

/* Images that the link step does not make. */

enum damage { RELOCATABLE, NO_SEGMENTS, BEYOND_END, LINK_TO_DEBUG, LINK_OUT_OF_RANGE };

static void damaged(void **state, enum damage damage)
{
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    struct object_section *dynamic_symbols = NULL;
    size_t segment_count = image->segment_count;
    for (size_t i = 0; i < image->section_count; i++)
        if (strcmp(image->sections[i].name, ".dynsym") == 0)
            dynamic_symbols = &image->sections[i];
    switch (damage) {
    case RELOCATABLE:
        image->header.e_type = ET_REL;
        break;
    case NO_SEGMENTS:
        image->segment_count = 0;
        break;
    case BEYOND_END:
        image->segments[1].file_size = image->size;
        image->segments[1].offset = 1;
        break;
    case LINK_TO_DEBUG:
        dynamic_symbols->link = (uint32_t)image->section_count - 1;
        break;
    case LINK_OUT_OF_RANGE:
        dynamic_symbols->link = 1000;
        break;
    }
    struct finish_inputs inputs = inputs_of(image);
    struct buffer bytes = {0};
    assert_int_equal(finish_object(fixture->diag, &inputs, &bytes, NULL), -1);
    fixture_says(fixture, DIAG_LINK_IMAGE, "the linked image has");
    image->segment_count = segment_count;
    object_free(image);
}

static void test_relocatable(void **state)
{
    damaged(state, RELOCATABLE);
}

static void test_no_segments(void **state)
{
    damaged(state, NO_SEGMENTS);
}

static void test_beyond_end(void **state)
{
    damaged(state, BEYOND_END);
}

static void test_link_to_debug(void **state)
{
    damaged(state, LINK_TO_DEBUG);
}

static void test_link_out_of_range(void **state)
{
    damaged(state, LINK_OUT_OF_RANGE);
}

/* Each allocation in turn fails, until none is left to fail. */

static void test_finish_allocations(void **state)
{
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    const struct finish_id id = {object_symbol(image, "prog")->value, 1};
    struct finish_inputs inputs = inputs_of(image);
    inputs.strip = true;
    inputs.ids = &id;
    inputs.id_count = 1;
    unsigned number = 1, failures = 0;
    for (;; number++) {
        struct buffer object = {0}, debug = {0};
        fail_at = number;
        int result = finish_object(fixture->diag, &inputs, &object, &debug);
        bool all_worked = fail_at > 0;
        fail_at = 0;
        if (all_worked) {
            assert_int_equal(result, 0);
            buffer_free(&object);
            buffer_free(&debug);
            break;
        }
        assert_int_equal(result, -1);
        assert_null(object.data);
        assert_null(debug.data);
        assert_int_equal(diag_count(fixture->diag, DIAG_ERROR), ++failures);
    }
    assert_true(number > 20);
    assert_true(fixture_said(fixture, DIAG_OUT_OF_MEMORY));
    object_free(image);
}

static void test_thunk_allocations(void **state)
{
    (void)state;
    for (unsigned number = 1;; number++) {
        struct buffer object = {0};
        fail_at = number;
        int result = thunks_write(&object);
        bool all_worked = fail_at > 0;
        fail_at = 0;
        buffer_free(&object);
        assert_int_equal(result, all_worked ? 0 : -1);
        if (all_worked) {
            assert_true(number > 4);
            break;
        }
    }
}

static void test_script_allocations(void **state)
{
    static const char *const sections[] = {"tc", "xdp"};
    static const struct link_need need = {"f", 1};
    (void)state;
    for (unsigned number = 1;; number++) {
        struct buffer script = {0};
        fail_at = number;
        int result = link_script(&script, sections, 2, &need, 1);
        bool all_worked = fail_at > 0;
        fail_at = 0;
        buffer_free(&script);
        assert_int_equal(result, all_worked ? 0 : -1);
        if (all_worked) {
            assert_true(number > 2);
            break;
        }
    }
}

static void test_check_allocation(void **state)
{
    struct fixture *fixture = *state;
    struct object *image = link_image(fixture);
    fail_at = 1;
    assert_int_equal(link_check(fixture->diag, image, NULL), -1);
    fail_at = 0;
    fixture_says(fixture, DIAG_OUT_OF_MEMORY, "to check the link");
    object_free(image);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(sections),
        TEST(without_btf),
        TEST(loaded_bytes),
        TEST(symbols),
        TEST(ids),
        TEST(bad_ids),
        TEST(strip),
        TEST(same_bytes),
        TEST(relocatable),
        TEST(no_segments),
        TEST(beyond_end),
        TEST(link_to_debug),
        TEST(link_out_of_range),
        TEST(finish_allocations),
        TEST(thunk_allocations),
        TEST(script_allocations),
        TEST(check_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
