/* SPDX-License-Identifier: Apache-2.0 */
/* The link step: the layout it promises, and each thing that linkers let through and it does not.
 */
#include "link_fixture.h"
#include "linker/imports.h"
#include "linker/thunks.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 4096u

static struct object *read_image(struct fixture *fixture, const struct buffer *image)
{
    struct object *object;
    assert_int_equal(object_read(fixture->diag, "image", image->data, image->length, &object), 0);
    return object;
}

/* Links the program and more, which must be refused with that code and text. */
static void refuse(void **state, const char *more, enum diag_code code, const char *part)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, more, &image), -1);
    assert_null(image.data);
    fixture_says(*state, code, part);
}

/* Layout */

static void test_sections(void **state)
{
    static const char *const expected[] = {".dynsym",
                                           ".gnu.hash",
                                           ".dynstr",
                                           ".rela.dyn",
                                           ".rodata",
                                           ".text",
                                           "kprobe/do_unlinkat",
                                           "xdp",
                                           ".dynamic",
                                           ".got",
                                           ".maps",
                                           ".data.rel.ro",
                                           ".relro_padding",
                                           ".data",
                                           ".bss",
                                           ".debug_str",
                                           ".symtab",
                                           ".strtab",
                                           ".shstrtab"};
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, ".section .rodata.x,\"aR\"\n.quad 1\n", &image),
                     0);
    struct object *object = read_image(*state, &image);
    size_t at = 0;
    for (size_t i = 1; i < object->section_count && at < sizeof(expected) / sizeof(*expected);
         i++) {
        if (strcmp(object->sections[i].name, ".comment") == 0)
            continue;
        assert_string_equal(object->sections[i].name, expected[at]);
        at++;
    }
    assert_int_equal(at, sizeof(expected) / sizeof(*expected));
    object_free(object);
    buffer_free(&image);
}

static void test_segments(void **state)
{
    static const uint32_t expected[] = {PF_R, PF_R | PF_X, PF_R | PF_W, PF_R | PF_W};
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, NULL, &image), 0);
    struct object *object = read_image(*state, &image);
    uint64_t next = 0;
    size_t loads = 0;
    const struct object_segment *relro = NULL;
    for (size_t i = 0; i < object->segment_count; i++) {
        const struct object_segment *segment = &object->segments[i];
        if (segment->type == PT_GNU_RELRO)
            relro = segment;
        if (segment->type != PT_LOAD)
            continue;
        assert_int_equal(segment->vaddr, next);
        assert_int_equal(segment->align, PAGE);
        assert_true(loads < 4);
        assert_int_equal(segment->flags, expected[loads++]);
        next = (segment->vaddr + segment->memory_size + PAGE - 1) / PAGE * PAGE;
    }
    assert_int_equal(loads, 4);
    assert_non_null(relro);
    assert_int_equal((relro->vaddr | relro->memory_size) % PAGE, 0);
    for (const char *const *name =
             (const char *const[]){".dynamic", ".got", ".maps", ".data.rel.ro", NULL};
         *name; name++) {
        const struct object_section *section = object_section(object, *name);
        assert_true(section->address >= relro->vaddr &&
                    section->address + section->size <= relro->vaddr + relro->memory_size);
    }
    assert_int_equal(object->header.e_type, ET_DYN);
    assert_int_equal(object->header.e_entry, 0);
    object_free(object);
    buffer_free(&image);
}

/* What is between functions and between sections of code is nothing that runs. */
static void test_padding(void **state)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, ".section xdp\nnop\n", &image), 0);
    struct object *object = read_image(*state, &image);
    for (size_t i = 0; i < object->section_count; i++) {
        const struct object_section *section = &object->sections[i];
        if (!(section->flags & SHF_EXECINSTR))
            continue;
        uint64_t end = section->address + section->size;
        assert_int_equal(end % 16, 0);
        assert_true(section[1].address == end || section[1].address % PAGE == 0);
    }
    object_free(object);
    buffer_free(&image);
}

static void test_imports_used(void **state)
{
    static const char *const expected[] = {"bpf_ktime_get_ns", "rex_cpu", "rex_timeout"};
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, NULL, &image), 0);
    struct object *object = read_image(*state, &image);
    assert_int_equal(object->dynamic_symbol_count, 4);
    for (size_t i = 0; i < 3; i++) {
        size_t slots = 0, named = 0;
        for (size_t k = 1; k < object->dynamic_symbol_count; k++)
            named += strcmp(object->dynamic_symbols[k].name, expected[i]) == 0;
        for (size_t k = 0; k < object->relocation_count; k++) {
            const struct object_symbol *symbol =
                object_slot_symbol(object, object->relocations[k].offset);
            slots += symbol && strcmp(symbol->name, expected[i]) == 0;
        }
        assert_int_equal(named, 1);
        assert_int_equal(slots, 1);
    }
    assert_null(object_symbol(object, "__rex_import_bpf_ktime_get_boot_ns"));
    assert_null(object_symbol(object, "unused"));
    object_free(object);
    buffer_free(&image);
}

static void test_thunk_bytes(void **state)
{
    static const uint8_t start[] = {0xf3, 0x0f, 0x1e, 0xfa, 0xff, 0x25};
    static const uint8_t filling[] = {0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc};
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, NULL, &image), 0);
    struct object *object = read_image(*state, &image);
    const struct object_symbol *thunk = object_symbol(object, THUNK_PREFIX "rex_timeout");
    assert_non_null(thunk);
    assert_int_equal(thunk->size, THUNK_IMPORT_SIZE);
    assert_int_equal(thunk->value % THUNK_SLOT, 0);
    const uint8_t *bytes = object_bytes_at(object, thunk->value, THUNK_SLOT);
    assert_memory_equal(bytes, start, sizeof(start));
    assert_memory_equal(bytes + THUNK_IMPORT_SIZE, filling, sizeof(filling));
    int32_t displacement;
    memcpy(&displacement, bytes + THUNK_IMPORT_DISPLACEMENT, sizeof(displacement));
    uint64_t slot = thunk->value + THUNK_IMPORT_SIZE + (uint64_t)(int64_t)displacement;
    assert_string_equal(object_slot_symbol(object, slot)->name, "rex_timeout");
    const struct object_symbol *back = object_symbol(object, "__x86_return_thunk");
    assert_int_equal(back->size, 1);
    assert_int_equal(*object_bytes_at(object, back->value, 1), 0xc3);
    object_free(object);
    buffer_free(&image);
}

static void test_need(void **state)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state, NULL, &image), 0);
    struct object *object = read_image(*state, &image);
    const struct object_symbol *helper = object_symbol(object, "helper");
    int32_t displacement;
    /* endbr64 ; lea disp32(%rsp), %r10 */
    memcpy(&displacement, object_bytes_at(object, helper->value + 8, 4), 4);
    assert_int_equal(displacement, -96);
    object_free(object);
    buffer_free(&image);
}

static void test_same_bytes(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first = {0}, second = {0};
    assert_int_equal(fixture_link_program(fixture, NULL, &first), 0);
    void *other;
    fixture_setup(&other);
    assert_int_equal(fixture_link_program(other, NULL, &second), 0);
    fixture_teardown(&other);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    assert_null(memmem(first.data, first.length, "/tmp", 4));
    buffer_free(&first);
    buffer_free(&second);
}

static size_t count_entries(const char *path)
{
    size_t count = 0;
    DIR *directory = opendir(path);
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void test_nothing_left(void **state)
{
    struct fixture *fixture = *state;
    struct buffer image = {0};
    fixture_assemble(fixture, "program", fixture_program);
    size_t before = count_entries(fixture->directory);
    assert_int_equal(fixture_link_program(fixture, NULL, &image), 0);
    assert_int_equal(count_entries(fixture->directory), before);
    buffer_free(&image);
}

/* What a program must not do */

static void test_undefined(void **state)
{
    refuse(state, ".section .text.m,\"axR\"\nmine: call printf\n", DIAG_LINK_UNDEFINED, "printf");
    struct fixture *fixture = *state;
    assert_non_null(strstr(fixture->text, "more.o:(.text.m")); /* who refers to it */
}

static void test_undefined_data(void **state)
{
    refuse(state, ".section .text.m,\"axR\"\nmovq jiffies@GOTPCREL(%rip), %rax\n",
           DIAG_LINK_UNDEFINED, "jiffies");
}

static void test_undefined_thunk(void **state)
{
    refuse(state, ".section .text.m,\"axR\"\ncall __rex_import_vmalloc\n", DIAG_LINK_UNDEFINED,
           "__rex_import_vmalloc");
}

/* A call around the thunk: lld makes a procedure linkage table for it. */
static void test_direct_call_of_import(void **state)
{
    refuse(state, ".section .text.m,\"axR\"\ncall bpf_jiffies64@PLT\n", DIAG_LINK_IMPORT_SLOT,
           "bpf_jiffies64 has 0 slots");
}

static void test_address_of_import(void **state)
{
    refuse(state, ".section .data.rel.ro.m,\"awR\"\n.quad bpf_jiffies64\n", DIAG_LINK_IMPORT_SLOT,
           "bpf_jiffies64 has 0 slots");
}

static void test_import_called_and_pointed_to(void **state)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state,
                                          ".section .data.rel.ro.m,\"awR\"\n"
                                          ".quad bpf_ktime_get_ns\n",
                                          &image),
                     -1);
    fixture_says(*state, DIAG_LINK_RELOCATION, "type 1");
}

static void test_duplicate(void **state)
{
    refuse(state, ".globl prog\n.text\nprog: ret\n", DIAG_LINK_DUPLICATE_SYMBOL, "prog");
}

static void test_import_defined(void **state)
{
    refuse(state,
           ".section .text.m,\"axR\"\n.globl bpf_ktime_get_coarse_ns\n"
           ".type bpf_ktime_get_coarse_ns,@function\n"
           "bpf_ktime_get_coarse_ns: jmp __x86_return_thunk\n.size bpf_ktime_get_coarse_ns,5\n",
           DIAG_LINK_IMPORT_DEFINED, "bpf_ktime_get_coarse_ns");
}

/* One that takes the place of an import in use. */
static void test_import_replaced(void **state)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state,
                                          ".section .text.m,\"axR\"\n.globl rex_timeout\n"
                                          ".type rex_timeout,@function\nrex_timeout: nop\n"
                                          ".size rex_timeout,1\n",
                                          &image),
                     -1);
    assert_true(fixture_said(*state, DIAG_LINK_IMPORT_DEFINED));
}

static void test_writable_pointer(void **state)
{
    refuse(state, ".section .data.m,\"awR\"\n.type slot,@object\nslot: .quad prog\n.size slot,8\n",
           DIAG_LINK_WRITABLE_POINTER, "in slot");
}

static void test_unknown_sections(void **state)
{
    refuse(state, ".section .tdata.m,\"awTR\",@progbits\n.quad 1\n", DIAG_LINK_SECTION, ".tdata");
}

static void test_constructors(void **state)
{
    refuse(state, ".section .init_array,\"awR\",@init_array\n.quad prog\n", DIAG_LINK_SECTION,
           ".init_array");
}

static void test_section_by_hand(void **state)
{
    refuse(state, ".section mine,\"awR\"\n.quad 1\n", DIAG_LINK_SECTION, "mine");
}

static void test_program_of_unknown_type(void **state)
{
    refuse(state, ".section \"socket\",\"axR\"\nnop\n", DIAG_LINK_SECTION, "socket");
}

static void test_indirect_function(void **state)
{
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(*state,
                                          ".section .text.m,\"axR\"\n"
                                          ".type pick,@gnu_indirect_function\n"
                                          "pick: ret\nmovq pick@GOTPCREL(%rip), %rax\n",
                                          &image),
                     -1);
    assert_true(fixture_said(*state, DIAG_LINK_RELOCATION) ||
                fixture_said(*state, DIAG_LINK_SECTION));
}

static void test_too_large(void **state)
{
    refuse(state, ".section .bss.m,\"awR\",@nobits\n.skip 1048576\n", DIAG_LINK_TOO_LARGE,
           "1048576");
}

static void test_need_missing(void **state)
{
    refuse(state, ".section .text.m,\"axR\"\nleaq \"__rex_need.other\"(%rsp), %r10\n",
           DIAG_LINK_FAILED, "__rex_need.other");
}

/* What the machine lacks */

static void link_with(struct fixture *fixture, const struct link_inputs *inputs)
{
    struct buffer image = {0};
    assert_int_equal(link_program(fixture->diag, inputs, &image), -1);
    assert_null(image.data);
}

static void test_missing_files(void **state)
{
    static const char *const none[] = {NULL}, *const gone[] = {"/nonexistent/a.o", NULL};
    struct fixture *fixture = *state;
    struct link_inputs inputs = {.lld = "/nonexistent/ld.lld",
                                 .directory = fixture->directory,
                                 .objects = none,
                                 .libraries = none};
    link_with(fixture, &inputs);
    assert_true(fixture_said(fixture, DIAG_CANNOT_RUN));
    inputs.lld = FIXTURE_LLD;
    inputs.objects = gone;
    link_with(fixture, &inputs);
    assert_true(fixture_said(fixture, DIAG_CANNOT_READ));
    inputs.objects = none;
    inputs.libraries = gone;
    link_with(fixture, &inputs);
    assert_true(fixture_said(fixture, DIAG_LINK_FAILED));
    inputs.directory = "/nonexistent";
    link_with(fixture, &inputs);
    assert_true(fixture_said(fixture, DIAG_CANNOT_WRITE));
}

static void test_bad_needs(void **state)
{
    static const char *const none[] = {NULL};
    static const struct link_need needs[] = {{"a\"; ASSERT(0, \"b\") \"", 1}, {"c", 0x80000000u}};
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 2; i++) {
        struct link_inputs inputs = {.lld = FIXTURE_LLD,
                                     .directory = fixture->directory,
                                     .objects = none,
                                     .libraries = none,
                                     .needs = &needs[i],
                                     .need_count = 1};
        link_with(fixture, &inputs);
        assert_true(fixture_said(fixture, DIAG_LINK_IMAGE));
        assert_int_equal(diag_count(fixture->diag, DIAG_ERROR), i + 1);
    }
}

/* The linkers of the trap table, with flags that leave an undefined symbol without a relocation, or
 * with a wrong one, and end with status 0. link_check() must see it. */
static void trap(void **state, const char *linker)
{
    struct fixture *fixture = *state;
    char command[512], path[128];
    struct buffer thunks = {0};
    const char *program = fixture_assemble(
        fixture, "program",
        ".globl prog\nprog: call __rex_import_bpf_ktime_get_ns\njmp __x86_return_thunk\n"
        ".section .note.GNU-stack,\"\",@progbits\n");

    assert_int_equal(thunks_write(&thunks), 0);
    snprintf(path, sizeof(path), "%s/thunks.o", fixture->directory);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(thunks.data, 1, thunks.length, file), thunks.length);
    fclose(file);
    buffer_free(&thunks);
    snprintf(command, sizeof(command),
             "%s -pie -e 0 --gc-sections -u prog -o %s/image %s %s 2>/dev/null", linker,
             fixture->directory, program, path);
    assert_int_equal(system(command), 0); /* the linker sees nothing wrong */

    struct object *object;
    snprintf(path, sizeof(path), "%s/image", fixture->directory);
    assert_int_equal(object_read_file(fixture->diag, path, &object), 0);
    assert_int_equal(link_check(fixture->diag, object, NULL), -1);
    assert_true(fixture_said(fixture, DIAG_LINK_IMPORT_SLOT));
    assert_non_null(strstr(fixture->text, "bpf_ktime_get_ns has 0 slots"));
    object_free(object);
}

static void test_trap_lld(void **state)
{
    trap(state, FIXTURE_LLD " --no-dynamic-linker -z undefs -z nodynamic-undefined-weak");
}

static void test_trap_lld_ignore_all(void **state)
{
    trap(state, FIXTURE_LLD " --no-dynamic-linker --unresolved-symbols=ignore-all");
}

static void test_trap_gnu_ld(void **state)
{
    trap(state, "ld --no-dynamic-linker --unresolved-symbols=ignore-all");
}

/* Tables that no linker at hand writes: the good image's, changed in memory. */

enum change { SECOND_SLOT, EMPTY_SLOT, ADDEND, COPY_RELOCATION, OUTSIDE_GOT, NO_SYMBOL };

static void changed(void **state, enum change change, enum diag_code code)
{
    struct fixture *fixture = *state;
    struct buffer image = {0};
    assert_int_equal(fixture_link_program(fixture, NULL, &image), 0);
    struct object *object = read_image(fixture, &image);
    struct object_relocation *import = NULL, *relative = NULL, *in_got = NULL;
    const struct object_section *got = object_section(object, ".got");
    for (size_t i = 0; i < object->relocation_count; i++) {
        struct object_relocation *relocation = &object->relocations[i];
        if (relocation->type == R_X86_64_GLOB_DAT)
            import = relocation;
        else if (relocation->offset - got->address < got->size)
            in_got = relocation;
        else
            relative = relocation;
    }
    assert_true(import && relative && in_got);
    switch (change) {
    case SECOND_SLOT: /* the same import twice */
        in_got->type = R_X86_64_GLOB_DAT;
        in_got->symbol = import->symbol;
        in_got->addend = 0;
        break;
    case EMPTY_SLOT:
        in_got->offset = relative->offset;
        break;
    case ADDEND:
        import->addend = 8;
        break;
    case COPY_RELOCATION:
        relative->type = R_X86_64_COPY;
        break;
    case OUTSIDE_GOT:
        import->offset = relative->offset;
        break;
    case NO_SYMBOL:
        in_got->type = R_X86_64_GLOB_DAT;
        break;
    }
    assert_int_equal(link_check(fixture->diag, object, NULL), -1);
    assert_true(fixture_said(fixture, code));
    object_free(object);
    buffer_free(&image);
}

static void test_second_slot(void **state)
{
    changed(state, SECOND_SLOT, DIAG_LINK_IMPORT_SLOT);
}

static void test_empty_slot(void **state)
{
    changed(state, EMPTY_SLOT, DIAG_LINK_IMPORT_SLOT);
}

static void test_import_addend(void **state)
{
    changed(state, ADDEND, DIAG_LINK_IMPORT_SLOT);
}

static void test_copy_relocation(void **state)
{
    changed(state, COPY_RELOCATION, DIAG_LINK_RELOCATION);
}

static void test_slot_outside_got(void **state)
{
    changed(state, OUTSIDE_GOT, DIAG_LINK_IMPORT_SLOT);
}

static void test_slot_without_symbol(void **state)
{
    changed(state, NO_SYMBOL, DIAG_LINK_IMPORT_SLOT);
}

/* The thunk object has every import's thunk and is always the same. */
static void test_thunk_object(void **state)
{
    struct fixture *fixture = *state;
    struct buffer first = {0}, second = {0};
    assert_int_equal(thunks_write(&first), 0);
    assert_int_equal(thunks_write(&second), 0);
    assert_int_equal(first.length, second.length);
    assert_memory_equal(first.data, second.data, first.length);
    struct object *object = read_image(fixture, &first);
    for (size_t i = 0; i < import_count(); i++) {
        char name[96];
        snprintf(name, sizeof(name), THUNK_PREFIX "%s", import_at(i)->name);
        const struct object_symbol *thunk = object_symbol(object, name);
        if (import_at(i)->kind != REX_IMPORT_IS_FUNCTION) {
            assert_null(thunk);
            continue;
        }
        assert_non_null(thunk);
        assert_int_equal(thunk->visibility, STV_HIDDEN);
        assert_int_equal(object->sections[thunk->section].size, THUNK_SLOT);
    }
    object_free(object);
    buffer_free(&first);
    buffer_free(&second);
}

#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, fixture_setup, fixture_teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(sections),
        TEST(segments),
        TEST(padding),
        TEST(imports_used),
        TEST(thunk_bytes),
        TEST(thunk_object),
        TEST(need),
        TEST(same_bytes),
        TEST(nothing_left),
        TEST(undefined),
        TEST(undefined_data),
        TEST(undefined_thunk),
        TEST(direct_call_of_import),
        TEST(address_of_import),
        TEST(import_called_and_pointed_to),
        TEST(duplicate),
        TEST(import_defined),
        TEST(import_replaced),
        TEST(writable_pointer),
        TEST(unknown_sections),
        TEST(constructors),
        TEST(section_by_hand),
        TEST(program_of_unknown_type),
        TEST(indirect_function),
        TEST(too_large),
        TEST(need_missing),
        TEST(missing_files),
        TEST(bad_needs),
        TEST(trap_lld),
        TEST(trap_lld_ignore_all),
        TEST(trap_gnu_ld),
        TEST(second_slot),
        TEST(empty_slot),
        TEST(import_addend),
        TEST(copy_relocation),
        TEST(slot_outside_got),
        TEST(slot_without_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
