/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "base/file.h"
#include "fault.h"
#include "linker/finish.h"
#include "linker/maps.h"
#include "linker/note.h"
#include "linker/object.h"
#include "small_object.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Comparisons of strings, counted: every reference to strcmp leads here (object.cmake). */
static size_t comparisons;
int __real_strcmp(const char *left, const char *right);
int __wrap_strcmp(const char *left, const char *right);

int __wrap_strcmp(const char *left, const char *right)
{
    comparisons++;
    return __real_strcmp(left, right);
}

static FILE *sink;
static struct diag *diag;
static struct small_object small;
static char directory[] = "/tmp/rexc-test-object.XXXXXX";

static int begin(void **state)
{
    (void)state;
    struct diag_options options = {.stream = sink};
    diag = diag_new(&options);
    small_object_make(&small);
    return 0;
}

static int end(void **state)
{
    (void)state;
    diag_free(diag);
    return 0;
}

static struct object *read_well(void)
{
    struct object *object;
    assert_int_equal(object_read(diag, "small", small.bytes, small.size, &object), 0);
    assert_non_null(object);
    return object;
}

/* What the small object has become is refused with one report. */
static void expect_refusal(void)
{
    struct object *object;
    unsigned before = diag_count(diag, DIAG_ERROR);
    assert_int_equal(object_read(diag, "small", small.bytes, small.size, &object), -1);
    assert_null(object);
    assert_int_equal(diag_count(diag, DIAG_ERROR), before + 1);
    small_object_make(&small);
}

static void reads_all_tables(void **state)
{
    (void)state;
    struct object *object = read_well();
    assert_int_equal(object->size, small.size);
    assert_null(object->signature);
    assert_int_equal(object->segment_count, 2);
    assert_int_equal(object->section_count, SMALL_SECTIONS);
    assert_string_equal(object->sections[SMALL_RELA].name, ".rela.dyn");
    assert_int_equal(object->symbol_count, 6);
    assert_int_equal(object->dynamic_symbol_count, 2);
    assert_int_equal(object->relocation_count, 2);
    assert_int_equal(object->relocations[0].type, R_X86_64_RELATIVE);
    assert_int_equal(object->relocations[0].addend, 0x40);
    assert_int_equal(object->function_count, 3);
    object_free(object);
}

static void finds_by_name_and_address(void **state)
{
    (void)state;
    struct object *object = read_well();
    uint64_t text = small.sections[SMALL_TEXT].sh_addr;

    assert_non_null(object_section(object, ".maps"));
    assert_null(object_section(object, ".bss"));
    assert_int_equal(object_symbol(object, "limit")->value, 16384);
    assert_null(object_symbol(object, "nothing"));
    assert_string_equal(object_function_at(object, text)->name, "f");
    assert_string_equal(object_function_at(object, text + 8)->name, "g");
    assert_null(object_function_at(object, text + 1));
    assert_string_equal(object_function_containing(object, text + 7)->name, "f");
    assert_string_equal(object_function_containing(object, text + 11)->name, "g");
    assert_null(object_function_containing(object, text + 12));
    assert_null(object_function_containing(object, text - 1));
    object_free(object);
}

static void finds_bytes_and_slots(void **state)
{
    (void)state;
    struct object *object = read_well();
    uint64_t loaded = small.segments[0].p_filesz;
    uint64_t got = small.sections[SMALL_GOT].sh_addr;

    assert_ptr_equal(object_bytes_at(object, 0, loaded), object->bytes);
    assert_ptr_equal(object_bytes_at(object, loaded, 0), object->bytes + loaded);
    assert_null(object_bytes_at(object, 1, loaded));
    assert_null(object_bytes_at(object, UINT64_MAX, 2));
    assert_null(object_bytes_at(object, 2, UINT64_MAX));
    assert_string_equal(object_slot_symbol(object, got + 8)->name, "bpf_ktime_get_ns");
    assert_null(object_slot_symbol(object, got));
    object_free(object);
}

static void finds_maps(void **state)
{
    (void)state;
    struct object *object = read_well();
    struct map_symbol *maps;
    size_t count;
    assert_int_equal(maps_find(diag, "small", object, &maps, &count), 0);
    assert_int_equal(count, 1);
    assert_string_equal(maps[0].name, "M");
    assert_int_equal(maps[0].definition.value_size, 8);
    free(maps);
    object_free(object);

    small.symbols[4].st_size = 31;
    object = read_well();
    assert_int_equal(maps_find(diag, "small", object, &maps, &count), -1);
    assert_null(maps);
    object_free(object);
}

static void refuses_bad_headers(void **state)
{
    (void)state;
    small.bytes[0] = 0;
    expect_refusal();
    small.header->e_ident[EI_CLASS] = ELFCLASS32;
    expect_refusal();
    small.header->e_ident[EI_DATA] = ELFDATA2MSB;
    expect_refusal();
    small.header->e_version = 0;
    expect_refusal();
    small.header->e_machine = EM_386;
    expect_refusal();
    small.header->e_ehsize = 52;
    expect_refusal();
    small.header->e_phentsize = 32;
    expect_refusal();
    small.header->e_phnum = PN_XNUM;
    expect_refusal();
    small.header->e_phoff = small.size - 56;
    expect_refusal();
    small.header->e_phoff = UINT64_MAX;
    expect_refusal();
    small.header->e_shnum = 0;
    expect_refusal();
    small.header->e_shoff = 0;
    expect_refusal();
    small.header->e_shentsize = 40;
    expect_refusal();
    small.header->e_shoff = small.size - 8;
    expect_refusal();
    small.header->e_shstrndx = SHN_UNDEF;
    expect_refusal();
    small.header->e_shstrndx = SMALL_SECTIONS;
    expect_refusal();
    small.header->e_shstrndx = SMALL_TEXT;
    expect_refusal();
    small.header->e_shstrndx = SHN_XINDEX;
    expect_refusal();
}

static void refuses_bad_segments(void **state)
{
    (void)state;
    small.segments[0].p_offset = small.size;
    expect_refusal();
    small.segments[0].p_filesz = UINT64_MAX;
    expect_refusal();
    small.segments[0].p_memsz = 1;
    expect_refusal();
    small.segments[0].p_vaddr = UINT64_MAX - 1;
    expect_refusal();
    small.segments[1].p_align = 3;
    expect_refusal();
}

static void refuses_bad_sections(void **state)
{
    (void)state;
    small.sections[SMALL_TEXT].sh_offset = small.size;
    expect_refusal();
    small.sections[SMALL_TEXT].sh_size = UINT64_MAX;
    expect_refusal();
    small.sections[SMALL_TEXT].sh_addr = UINT64_MAX;
    expect_refusal();
    small.sections[SMALL_TEXT].sh_addralign = 12;
    expect_refusal();
    small.sections[SMALL_TEXT].sh_name = (uint32_t)small.sections[SMALL_SHSTRTAB].sh_size;
    expect_refusal();
    small.sections[SMALL_SHSTRTAB].sh_size--;
    expect_refusal();
    small.sections[SMALL_SHSTRTAB].sh_size = 0;
    expect_refusal();
    small.sections[SMALL_GOT].sh_type = SHT_SYMTAB;
    expect_refusal();
    small.sections[SMALL_GOT].sh_type = SHT_DYNSYM;
    expect_refusal();
    small.sections[SMALL_GOT].sh_name = small.sections[SMALL_RELA].sh_name;
    expect_refusal();
    small.sections[SMALL_RELA].sh_type = SHT_REL;
    expect_refusal();
    small.sections[SMALL_RELA].sh_entsize = 16;
    expect_refusal();
    small.sections[SMALL_RELA].sh_size--;
    expect_refusal();
    small.sections[SMALL_SYMTAB].sh_entsize = 0;
    expect_refusal();
    small.sections[SMALL_SYMTAB].sh_link = SMALL_SECTIONS;
    expect_refusal();
    small.sections[SMALL_SYMTAB].sh_link = SMALL_TEXT;
    expect_refusal();
    small.sections[SMALL_DYNSTR].sh_size--;
    expect_refusal();
}

static void refuses_bad_symbols(void **state)
{
    (void)state;
    small.symbols[1].st_name = (uint32_t)small.sections[SMALL_STRTAB].sh_size;
    expect_refusal();
    small.symbols[1].st_shndx = SMALL_SECTIONS;
    expect_refusal();
    small.symbols[1].st_shndx = SHN_XINDEX;
    expect_refusal();
    small.symbols[3].st_size = 9;
    expect_refusal();
    small.symbols[3].st_value--;
    small.symbols[3].st_value -= 8;
    expect_refusal();
    small.symbols[3].st_size = UINT64_MAX;
    expect_refusal();
    small.dynamic_symbols[1].st_name = 0x7fffffff;
    expect_refusal();
    small.relocations[1].r_info = ELF64_R_INFO(2, R_X86_64_GLOB_DAT);
    expect_refusal();
}

static void refuses_every_truncation(void **state)
{
    (void)state;
    size_t whole = small.size;
    for (size_t size = 0; size < whole; size++) {
        /* In a block of its own, so that a read beyond its end is seen by the sanitizer. */
        uint8_t *bytes = malloc(size ? size : 1);
        struct object *object;
        assert_non_null(bytes);
        memcpy(bytes, small.bytes, size);
        assert_int_equal(object_read(diag, "small", bytes, size, &object), -1);
        assert_null(object);
        free(bytes);
    }
}

static void survives_every_flipped_bit(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * small.size; bit++) {
        struct object *object;
        small.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        if (object_read(diag, "small", small.bytes, small.size, &object) == 0) {
            object_function_containing(object, small.sections[SMALL_TEXT].sh_addr);
            struct note *note;
            note_read_object(diag, "small", object, &note);
            note_free(note);
            object_free(object);
        }
        small.bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
    }
}

static void refuses_huge_files(void **state)
{
    (void)state;
    struct object *object;
    assert_int_equal(object_read(diag, "huge", small.bytes, OBJECT_FILE_MAX + 1, &object), -1);
    assert_null(object);
}

/* The small object with other symbols: absolute ones, with their names at name_at[i] of the string
 * table. */
static void set_symbols(struct buffer *file, size_t count, const uint32_t *name_at,
                        const struct buffer *names)
{
    Elf64_Shdr *sections = small.sections;
    sections[SMALL_SYMTAB].sh_offset = small.size;
    sections[SMALL_SYMTAB].sh_size = (count + 1) * sizeof(Elf64_Sym);
    sections[SMALL_STRTAB].sh_offset = small.size + sections[SMALL_SYMTAB].sh_size;
    sections[SMALL_STRTAB].sh_size = names->length;
    buffer_append(file, small.bytes, small.size);
    buffer_append(file, &(Elf64_Sym){0}, sizeof(Elf64_Sym));
    for (size_t i = 0; i < count; i++) {
        Elf64_Sym symbol = {.st_name = name_at[i], .st_shndx = SHN_ABS, .st_value = i};
        buffer_append(file, &symbol, sizeof(symbol));
    }
    buffer_append(file, names->data, names->length);
}

/* Reads an object of that many symbols and finds each: the comparisons made. */
static size_t comparisons_for(size_t count)
{
    struct buffer file = {0}, names = {0};
    uint32_t *name_at = calloc(count, sizeof(*name_at));
    struct object *object;

    assert_non_null(name_at);
    buffer_char(&names, '\0');
    for (size_t i = 0; i < count; i++) {
        name_at[i] = (uint32_t)names.length;
        buffer_format(&names, "symbol_%zu", i * 7919 % count);
        buffer_char(&names, '\0');
    }
    small_object_make(&small);
    set_symbols(&file, count, name_at, &names);
    comparisons = 0;
    assert_int_equal(object_read(diag, "large", file.data, file.length, &object), 0);
    for (size_t i = 0; i < count; i++) {
        const struct object_symbol *symbol = object_symbol(object, names.data + name_at[i]);
        assert_ptr_equal(symbol, &object->symbols[i + 1]);
    }
    size_t result = comparisons;
    assert_null(object_symbol(object, "symbol"));
    assert_null(object_symbol(object, "symbol_x"));
    object_free(object);
    free(name_at);
    buffer_free(&file);
    buffer_free(&names);
    return result;
}

/* Who looks up every name of an object does not do that in quadratic time: sorting and finding take
 * log2(count) comparisons a symbol each, and a few. */
static void finds_names_in_logarithmic_time(void **state)
{
    (void)state;
    size_t few = comparisons_for((size_t)1 << 10), many = comparisons_for((size_t)1 << 15);
    assert_true(few > 0);
    assert_true(many < ((size_t)1 << 15) * 2 * (15 + 3));
    assert_true(many < few * 32 * 2);
}

static void finds_the_first_of_a_name(void **state)
{
    (void)state;
    small.symbols[3].st_name = small.symbols[2].st_name;
    small.symbols[1].st_name = small.symbols[2].st_name;
    struct object *object = read_well();
    assert_ptr_equal(object_symbol(object, "f2"), &object->symbols[1]);
    assert_null(object_symbol(object, ""));
    object_free(object);
}

/* 12000 names that share 12000 bytes are 72 million bytes long. */
static void refuses_names_that_share_their_bytes(void **state)
{
    (void)state;
    enum { COUNT = 12000 };
    struct buffer file = {0}, names = {0};
    static uint32_t name_at[COUNT];
    struct object *object;
    for (uint32_t i = 0; i < COUNT; i++) {
        name_at[i] = i;
        buffer_append(&names, "a", 1);
    }
    buffer_char(&names, '\0');
    set_symbols(&file, COUNT, name_at, &names);
    assert_int_equal(object_read(diag, "long", file.data, file.length, &object), -1);
    assert_null(object);
    buffer_free(&file);
    buffer_free(&names);
}

static void splits_the_signature(void **state)
{
    (void)state;
    static const char magic[] = "~Module signature appended~\n";
    uint8_t file[64] = "ELFELFELF.CMS";
    uint8_t *trailer = file + 13;
    size_t size = 13 + 12 + sizeof(magic) - 1, elf_size;
    bool is_signed;

    memcpy(trailer + 12, magic, sizeof(magic) - 1);
    trailer[11] = 3;
    assert_int_equal(object_split_signature(file, size, &elf_size, &is_signed), 0);
    assert_true(is_signed);
    assert_int_equal(elf_size, 10);
    assert_int_equal(object_split_signature(file, size - 1, &elf_size, &is_signed), 0);
    assert_false(is_signed);
    assert_int_equal(elf_size, size - 1);
    trailer[11] = 0;
    assert_int_equal(object_split_signature(file, size, &elf_size, &is_signed), -1);
    trailer[11] = 13; /* nothing would be left to sign */
    assert_int_equal(object_split_signature(file, size, &elf_size, &is_signed), -1);
    trailer[8] = 0xff;
    assert_int_equal(object_split_signature(file, size, &elf_size, &is_signed), -1);
    assert_int_equal(object_split_signature(trailer + 12, sizeof(magic) - 1, &elf_size, &is_signed),
                     -1);
}

static char *small_path(const char *name)
{
    char *path = path_join(directory, name);
    assert_int_equal(file_write_atomic(diag, path, small.bytes, small.size, 0644), 0);
    return path;
}

/* Each allocation and system call of reading an object and its note fails in turn: the result is a
 * failure that is reported, and nothing is leaked (LeakSanitizer looks). */
static void reading_survives_every_failure(void **state)
{
    (void)state;
    char *path = small_path("read.rex");
    unsigned long n;
    for (n = 0;; n++) {
        struct object *object = NULL;
        struct note *note = NULL;
        fault_arm(n);
        int result = object_read_file(diag, path, &object);
        if (result == 0)
            result = note_read_object(diag, path, object, &note);
        bool failed = fault_disarm();
        if (result == 0)
            assert_int_equal(object->function_count, 3);
        else
            assert_null(note);
        note_free(note);
        object_free(object);
        if (!failed) {
            assert_int_equal(result, 0);
            break;
        }
    }
    /* Were the failures not injected, this test would say nothing. */
    assert_true(n > 20);
    free(path);
}

/* The child's part of the test below. Never returns. */
static _Noreturn void write_with_failure(const char *path, unsigned long n)
{
    struct object *object;
    struct buffer bytes = {0};
    if (object_read(diag, "small", small.bytes, small.size, &object))
        _exit(9);
    const struct object_section *section = object_section(object, REX_NOTE_SECTION);
    struct finish_inputs inputs = {
        .image = object,
        .note = object_section_bytes(object, section),
        .note_size = section->size,
    };
    fault_arm(n);
    int result = finish_object(diag, &inputs, &bytes, NULL);
    if (result == 0)
        result = file_write_atomic(diag, path, bytes.data, bytes.length, 0644);
    bool failed = fault_disarm();
    _exit(failed ? 4 : result ? 1 : 0);
}

/* Each allocation and system call of writing an object fails in turn: what is at the output path is
 * the old file or the new one, whole. Children, since the tool ends itself where memory for its own
 * work runs out. */
static void writing_survives_every_failure(void **state)
{
    (void)state;
    char *path = small_path("write.rex");
    unsigned long n;
    int status = 0;
    for (n = 0;; n++) {
        assert_int_equal(file_write_atomic(diag, path, "old", 3, 0644), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0)
            write_with_failure(path, n);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status));
        char *data;
        size_t size;
        assert_int_equal(file_read(diag, path, 0, &data, &size), 0);
        if (size != 3 || memcmp(data, "old", 3) != 0) {
            struct object *object;
            assert_int_equal(object_read(diag, path, data, size, &object), 0);
            object_free(object);
        }
        free(data);
        if (WEXITSTATUS(status) == 0)
            break;
        assert_true(WEXITSTATUS(status) == 4 || WEXITSTATUS(status) == 3);
    }
    assert_true(n > 10);
    free(path);
}

static int make_directory(void **state)
{
    (void)state;
    sink = fopen("/dev/null", "w");
    return sink && mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    begin(state);
    int result = file_remove_tree(diag, directory);
    end(state);
    fclose(sink);
    return result;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_all_tables),
        TEST(finds_by_name_and_address),
        TEST(finds_bytes_and_slots),
        TEST(finds_maps),
        TEST(refuses_bad_headers),
        TEST(refuses_bad_segments),
        TEST(refuses_bad_sections),
        TEST(refuses_bad_symbols),
        TEST(refuses_every_truncation),
        TEST(survives_every_flipped_bit),
        TEST(refuses_huge_files),
        TEST(finds_names_in_logarithmic_time),
        TEST(finds_the_first_of_a_name),
        TEST(refuses_names_that_share_their_bytes),
        TEST(splits_the_signature),
        TEST(reading_survives_every_failure),
        TEST(writing_survives_every_failure),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
