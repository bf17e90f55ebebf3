/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"
#include "base/diag.h"
#include "driver/bindgen.h"
#include "runtime/abi/rex_imports.h"

#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* BTF that is being made, and the integer types every test uses. */
struct fixture {
    struct btf *btf;
    int s32, u32, u16, u8, s8, u64, boolean, character;
};

static void begin(struct fixture *fixture)
{
    fixture->btf = btf__new_empty();
    assert_non_null(fixture->btf);
    fixture->s32 = btf__add_int(fixture->btf, "int", 4, BTF_INT_SIGNED);
    fixture->u32 = btf__add_int(fixture->btf, "unsigned int", 4, 0);
    fixture->u16 = btf__add_int(fixture->btf, "unsigned short", 2, 0);
    fixture->u8 = btf__add_int(fixture->btf, "unsigned char", 1, 0);
    fixture->s8 = btf__add_int(fixture->btf, "signed char", 1, BTF_INT_SIGNED);
    fixture->u64 = btf__add_int(fixture->btf, "unsigned long", 8, 0);
    fixture->boolean = btf__add_int(fixture->btf, "_Bool", 1, BTF_INT_BOOL);
    fixture->character = btf__add_int(fixture->btf, "char", 1, BTF_INT_SIGNED);
}

static void add(struct fixture *fixture, const char *name, int type, uint32_t bit_offset,
                uint32_t bit_size)
{
    assert_int_equal(btf__add_field(fixture->btf, name, type, bit_offset, bit_size), 0);
}

/* Writes the BTF to a file, generates, and frees both. Returns the text, or NULL with the message.
 */
static char *generate(struct fixture *fixture, const char *const *types, char **message,
                      int *status)
{
    char path[] = "/tmp/test_bindgen_XXXXXX";
    uint32_t size;
    const void *data = btf__raw_data(fixture->btf, &size);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), (ssize_t)size);
    close(fd);
    btf__free(fixture->btf);

    size_t length;
    FILE *stream = open_memstream(message, &length);
    struct diag *diag = diag_new(&(struct diag_options){.stream = stream});
    struct buffer out = {0};
    int result = bindgen_write(diag, path, types, &out);
    *status = diag_exit_status(diag);
    diag_free(diag);
    fclose(stream);
    unlink(path);
    if (result != 0) {
        buffer_free(&out);
        return NULL;
    }
    return buffer_take(&out);
}

static void expect(struct fixture *fixture, const char *const *types, const char *const *texts)
{
    char *message;
    int status;
    char *text = generate(fixture, types, &message, &status);
    if (!text)
        fail_msg("%s", message);
    for (; *texts; texts++) {
        if (!strstr(text, *texts))
            fail_msg("not found: %s\nin: %s", *texts, text);
    }
    free(text);
    free(message);
}

static void expect_failure(struct fixture *fixture, const char *const *types, int status,
                           const char *text)
{
    char *message;
    int actual;
    assert_null(generate(fixture, types, &message, &actual));
    assert_int_equal(actual, status);
    if (!strstr(message, text))
        fail_msg("not found: %s\nin: %s", text, message);
    free(message);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void plain_members(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int pointer = btf__add_ptr(f.btf, f.u8);
    int array = btf__add_array(f.btf, f.s32, f.character, 40);
    int choice = btf__add_enum(f.btf, "choice", 4);
    btf__add_enum_value(f.btf, "A", 1);
    int number = btf__add_typedef(f.btf, "number_t", btf__add_const(f.btf, f.u16));
    btf__add_struct(f.btf, "mixed", 64);
    add(&f, "type", f.u8, 0, 0);
    add(&f, "number", number, 16, 0);
    add(&f, "self", pointer, 64, 0);
    add(&f, "name", array, 128, 0);
    add(&f, "choice", choice, 448, 0);
    add(&f, "ok", f.boolean, 480, 0);
    expect(&f, LIST("struct mixed"),
           LIST("#[derive(Clone, Copy)]\n#[repr(C)]\npub struct mixed {\n"
                "    pub r#type: u8,\n"
                "    pub _pad_1: [u8; 1],\n"
                "    pub number: u16,\n"
                "    pub _pad_3: [u8; 4],\n"
                "    /// A pointer.\n"
                "    pub self_: u64,\n"
                "    pub name: [i8; 40],\n"
                "    pub choice: u32,\n"
                "    pub ok: u8,\n"
                "    pub _pad_8: [u8; 3],\n"
                "}\n",
                "size_of::<mixed>() == 64", "offset_of!(mixed, r#type) == 0",
                "offset_of!(mixed, self_) == 8", "offset_of!(mixed, ok) == 60"));
}

static void bit_fields(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    btf__add_struct(f.btf, "bits", 16);
    add(&f, "a", f.u32, 0, 3);
    add(&f, "b", f.s32, 3, 5);
    add(&f, NULL, f.u32, 8, 4);
    add(&f, "c", f.u32, 12, 10);
    add(&f, "plain", f.u8, 24, 0);
    add(&f, "wide", f.u64, 64, 64);
    expect(
        &f, LIST("bits"),
        LIST(
            ("pub _bits_0: [u8; 3],\n    pub plain: u8,\n    pub _pad_2: [u8; 4],\n"
             "    pub _bits_3: [u8; 8],\n"),
            "pub fn a(&self) -> u32 {\n        ::rex::utils::read_bits(&self._bits_0, 0, 3) as u32",
            "read_bits_signed(&self._bits_0, 3, 5) as i32",
            "write_bits(&mut self._bits_0, 12, 10, value as u64)",
            "read_bits(&self._bits_3, 0, 64) as u64"));
}

static void packed(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    btf__add_struct(f.btf, "tight", 7);
    add(&f, "a", f.u8, 0, 0);
    add(&f, "b", f.u32, 8, 0);
    add(&f, "c", f.u16, 40, 0);
    btf__add_struct(f.btf, "half", 10);
    add(&f, "a", f.u16, 0, 0);
    add(&f, "b", f.u64, 16, 0);
    expect(&f, LIST("tight", "half"),
           LIST("#[repr(C, packed)]\npub struct tight", "#[repr(C, packed(2))]\npub struct half"));
}

static void unions(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int words = btf__add_array(f.btf, f.s32, f.u16, 4);
    int inner = btf__add_struct(f.btf, NULL, 8);
    add(&f, "low", f.u32, 0, 0);
    add(&f, "high", f.u32, 32, 0);
    int choice = btf__add_union(f.btf, NULL, 8);
    add(&f, "whole", f.u64, 0, 0);
    add(&f, NULL, inner, 0, 0);
    add(&f, "words", words, 0, 0);
    add(&f, "bit", f.u32, 0, 2);
    int named = btf__add_struct(f.btf, NULL, 8);
    add(&f, "low", f.u32, 0, 0);
    add(&f, "high", f.u32, 32, 0);
    int group = btf__add_union(f.btf, NULL, 8);
    add(&f, NULL, inner, 0, 0);
    add(&f, "both", named, 0, 0);
    btf__add_struct(f.btf, "has_union", 16);
    add(&f, "before", f.u8, 0, 0);
    add(&f, NULL, choice, 64, 0);
    btf__add_struct(f.btf, "has_group", 12);
    add(&f, "before", f.u32, 0, 0);
    add(&f, NULL, group, 32, 0);
    btf__add_struct(f.btf, "has_named", 8);
    add(&f, "u", choice, 0, 0);
    expect(&f, LIST("has_union", "has_group", "has_named"),
           LIST("pub struct has_union {\n    pub before: u8,\n    pub _pad_1: [u8; 7],\n"
                "    pub _align_2: [u64; 0],\n    pub _union_2: [u8; 8],\n}",
                "pub fn high(&self) -> u32 {\n        ::rex::utils::read_at(&self._union_2, 4)",
                "pub fn set_words(&mut self, value: [u16; 4])",
                "::rex::utils::read_bits(&self._union_2, 0, 2) as u32",
                "pub struct has_group {\n    pub before: u32,\n    pub low: u32,\n    pub high: "
                "u32,\n}",
                "pub u: has_named__u,", "pub struct has_named__u {"));
}

static void names(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    int anonymous = btf__add_struct(f.btf, NULL, 4);
    add(&f, "counter", f.s32, 0, 0);
    int atomic = btf__add_typedef(f.btf, "atomic_t", anonymous);
    btf__add_typedef(f.btf, "size_type", f.u64);
    int tag = btf__add_struct(f.btf, "same", 4);
    add(&f, "n", f.u32, 0, 0);
    int other = btf__add_union(f.btf, "same", 4);
    add(&f, "n", f.u32, 0, 0);
    btf__add_struct(f.btf, "user", 16);
    add(&f, "a", atomic, 0, 0);
    add(&f, "s", tag, 32, 0);
    add(&f, "o", other, 64, 0);
    add(&f, "loop", f.u32, 96, 0);
    expect(&f, LIST("user", "atomic_t", "size_type"),
           LIST("pub a: atomic_t,", "pub struct atomic_t {\n    pub counter: i32,", "pub s: same,",
                "pub o: same_1,", "pub struct same_1 {", "pub r#loop: u32",
                "pub type size_type = u64;",
                "derive(Clone, Copy, Default)]\n#[repr(C)]\npub struct user"));
}

static void enumerations(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    btf__add_enum(f.btf, "signed_one", 4);
    btf__add_enum_value(f.btf, "MINUS", -1);
    btf__add_enum_value(f.btf, "SAME", 5);
    btf__add_enum(f.btf, "unsigned_one", 4);
    btf__add_enum_value(f.btf, "LARGE", 0xffffffff);
    btf__add_enum_value(f.btf, "SAME", 6);
    btf__add_enum64(f.btf, "long_one", 8, false);
    btf__add_enum64_value(f.btf, "HUGE", 0xffffffffffffffff);
    expect(&f, LIST("enum signed_one", "unsigned_one", "long_one"),
           LIST("pub type signed_one = i32;\npub const MINUS: i32 = -1;\npub const SAME: i32 = 5;",
                "pub const LARGE: u32 = 4294967295;\npub const unsigned_one_SAME: u32 = 6;",
                "pub type long_one = u64;\npub const HUGE: u64 = 18446744073709551615;"));
}

static void missing_types(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    btf__add_struct(f.btf, "here", 0);
    expect_failure(&f, LIST("here", "there"), 2, "has no type `there`");
    begin(&f);
    btf__add_struct(f.btf, "here", 0);
    expect_failure(&f, LIST("union here"), 2, "has no type `union here`");
}

static void unreadable_files(void **state)
{
    (void)state;
    const char *const paths[] = {"/nonexistent", "/dev/null", "/proc/self/exe"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        char *message;
        size_t length;
        FILE *stream = open_memstream(&message, &length);
        struct diag *diag = diag_new(&(struct diag_options){.stream = stream});
        struct buffer out = {0};
        assert_int_equal(bindgen_write(diag, paths[i], LIST("x"), &out), -1);
        assert_int_equal(diag_count(diag, DIAG_ERROR), 1);
        diag_free(diag);
        fclose(stream);
        assert_non_null(strstr(message, paths[i]));
        free(message);
        buffer_free(&out);
    }
}

static void contradictions(void **state)
{
    (void)state;
    struct fixture f;
    begin(&f);
    btf__add_struct(f.btf, "overlap", 8);
    add(&f, "a", f.u64, 0, 0);
    add(&f, "b", f.u32, 32, 0);
    expect_failure(&f, LIST("overlap"), 1, "contradicts itself about `overlap`");

    begin(&f);
    btf__add_struct(f.btf, "past", 4);
    add(&f, "a", f.u64, 0, 0);
    expect_failure(&f, LIST("past"), 1, "contradicts itself");

    begin(&f);
    btf__add_struct(f.btf, "past_bits", 1);
    add(&f, "a", f.u32, 0, 9);
    expect_failure(&f, LIST("past_bits"), 1, "contradicts itself");

    begin(&f);
    int forward = btf__type_cnt(f.btf) ? (int)btf__type_cnt(f.btf) : 0;
    btf__add_struct(f.btf, "inside_itself", 4);
    add(&f, NULL, forward, 0, 0);
    expect_failure(&f, LIST("inside_itself"), 1, "contradicts itself");

    begin(&f);
    int alias = (int)btf__type_cnt(f.btf);
    btf__add_typedef(f.btf, "alias", alias);
    expect_failure(&f, LIST("alias"), 1, "a type contains itself");

    begin(&f);
    int array = (int)btf__type_cnt(f.btf);
    btf__add_array(f.btf, f.s32, array, 2);
    btf__add_struct(f.btf, "of_arrays", 8);
    add(&f, "a", array, 0, 0);
    expect_failure(&f, LIST("of_arrays"), 1, "a type contains itself");

    begin(&f);
    btf__add_struct(f.btf, "injected", 8);
    add(&f, "a: u64 } fn evil() {", f.u64, 0, 0);
    expect_failure(&f, LIST("injected"), 1, "a name is not an identifier");

    /* Each of 20 unions has the one before it three times. */
    begin(&f);
    int part = f.u64;
    for (int i = 0; i < 20; i++) {
        char name[16];
        snprintf(name, sizeof(name), "level_%d", i);
        int whole = btf__add_union(f.btf, name, 8);
        for (int j = 0; j < 3; j++)
            add(&f, NULL, part, 0, 0);
        part = whole;
    }
    expect_failure(&f, LIST("level_19"), 1, "over 100000 parts");

    begin(&f);
    int function = btf__add_func_proto(f.btf, 0);
    btf__add_struct(f.btf, "holds_function", 8);
    add(&f, "f", function, 0, 0);
    expect_failure(&f, LIST("holds_function"), 1, "contradicts itself");
}

/* The member of a structure by its name, through anonymous parts. */
static const struct btf_member *find_member(const struct btf *btf, uint32_t type, const char *name)
{
    const struct btf_type *t = btf__type_by_id(btf, type);
    for (unsigned i = 0; i < btf_vlen(t); i++) {
        const struct btf_member *member = &btf_members(t)[i];
        const char *member_name = btf__name_by_offset(btf, member->name_off);
        const struct btf_type *inner = btf__type_by_id(btf, member->type);
        if (strcmp(member_name, name) == 0)
            return member;
        if (member_name[0] == '\0' && inner && btf_is_composite(inner)) {
            const struct btf_member *found = find_member(btf, member->type, name);
            if (found)
                return found;
        }
    }
    return NULL;
}

/* The list of imports says of each field what a real kernel's BTF says. */
static void imports_are_a_kernels(void **state)
{
    (void)state;
    static const struct {
        const char *structure, *field;
        unsigned size;
        enum rex_field_kind kind;
    } fields[] = {
#define REX_IMPORT_FUNCTION(name, types, returns, stack, license, signature)
#define REX_IMPORT_PERCPU(name, types)
#define REX_IMPORT_FIELD(structure, field, size, kind) {#structure, #field, size, REX_FIELD_##kind},
#include "runtime/abi/imports.def"
#undef REX_IMPORT_FUNCTION
#undef REX_IMPORT_PERCPU
#undef REX_IMPORT_FIELD
    };
    struct btf *btf = btf__parse(KERNEL_BTF, NULL);
    assert_non_null(btf);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        int structure = btf__find_by_name_kind(btf, fields[i].structure, BTF_KIND_STRUCT);
        const struct btf_member *member =
            structure > 0 ? find_member(btf, (uint32_t)structure, fields[i].field) : NULL;
        if (!member)
            fail_msg("%s.%s is not there", fields[i].structure, fields[i].field);
        const struct btf_type *t =
            btf__type_by_id(btf, (uint32_t)btf__resolve_type(btf, member->type));
        assert_int_equal(btf__resolve_size(btf, member->type), fields[i].size);
        switch (fields[i].kind) {
        case REX_FIELD_POINTER:
            assert_true(btf_is_ptr(t));
            break;
        case REX_FIELD_SIGNED:
            assert_true(btf_is_int(t) && btf_int_encoding(t) & BTF_INT_SIGNED);
            break;
        case REX_FIELD_UNSIGNED:
            assert_true(btf_is_int(t) && !(btf_int_encoding(t) & BTF_INT_SIGNED));
            break;
        case REX_FIELD_BYTES:
            assert_true(btf_is_array(t));
            break;
        }
    }
    btf__free(btf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_members),  cmocka_unit_test(bit_fields),
        cmocka_unit_test(packed),         cmocka_unit_test(unions),
        cmocka_unit_test(names),          cmocka_unit_test(enumerations),
        cmocka_unit_test(missing_types),  cmocka_unit_test(unreadable_files),
        cmocka_unit_test(contradictions), cmocka_unit_test(imports_are_a_kernels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
