/* SPDX-License-Identifier: Apache-2.0 */
#include "linker/imports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void finds_each_import_by_its_name(void **state)
{
    (void)state;
    assert_true(import_count() > 50);
    for (size_t i = 0; i < import_count(); i++) {
        const struct rex_import *import = import_at(i);
        assert_ptr_equal(import_find(import->name), import);
        assert_true(import->types != 0 && (import->types & ~REX_TYPE_ALL) == 0);
    }
    assert_null(import_find("bpf_ktime_get_n"));
    assert_null(import_find(""));
    assert_null(import_find("printk"));
}

static void has_the_columns_of_the_list(void **state)
{
    (void)state;
    const struct rex_import *panic = import_find("rex_panic");
    assert_non_null(panic);
    assert_int_equal(panic->kind, REX_IMPORT_IS_FUNCTION);
    assert_true(panic->noreturn);
    assert_false(panic->gpl_only);
    assert_true(panic->stack > 0);

    const struct rex_import *redirect = import_find("bpf_clone_redirect");
    assert_non_null(redirect);
    assert_int_equal(redirect->types, REX_TYPE_TC);
    assert_false(redirect->noreturn);

    const struct rex_import *field = import_find("rex_off.task_struct.comm");
    assert_non_null(field);
    assert_int_equal(field->kind, REX_IMPORT_IS_FIELD);
    assert_string_equal(field->structure, "task_struct");
    assert_string_equal(field->field, "comm");
    assert_int_equal(field->size, 16);
    assert_int_equal(field->field_kind, REX_FIELD_BYTES);

    assert_int_equal(import_find("rex_cpu")->kind, REX_IMPORT_IS_PERCPU);
}

static void knows_program_types(void **state)
{
    (void)state;
    for (int type = 0; type < REX_PROGRAM_TYPES; type++)
        assert_int_equal(program_type_of_name(program_type_name((unsigned)type)), type);
    assert_null(program_type_name(REX_PROGRAM_TYPES));
    assert_int_equal(program_type_of_name("uprobe"), -1);
}

static void tells_a_sections_program_type(void **state)
{
    (void)state;
    static const struct {
        const char *section;
        int type;
    } cases[] = {
        {"xdp", REX_PROGRAM_XDP},
        {"tc", REX_PROGRAM_TC},
        {"perf_event", REX_PROGRAM_PERF_EVENT},
        {"kprobe", REX_PROGRAM_KPROBE},
        {"kprobe/do_sys_openat2", REX_PROGRAM_KPROBE},
        {"kprobe/foo.isra.0", REX_PROGRAM_KPROBE},
        {"tracepoint/syscalls/sys_enter_dup", REX_PROGRAM_TRACEPOINT},
        {"kprobe/", -1},
        {"kprobe/a b", -1},
        {"kprobe/a/b", -1},
        {"tracepoint", -1},
        {"tracepoint/syscalls", -1},
        {"tracepoint/syscalls/", -1},
        {"tracepoint//sys_enter_dup", -1},
        {"tracepoint/a/b/c", -1},
        {"xdp/", -1},
        {"xdp2", -1},
        {".text", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(program_type_of_section(cases[i].section), cases[i].type);
}

static void knows_gpl_compatible_licenses(void **state)
{
    (void)state;
    assert_true(license_is_gpl_compatible("GPL"));
    assert_true(license_is_gpl_compatible("GPL v2"));
    assert_true(license_is_gpl_compatible("GPL and additional rights"));
    assert_true(license_is_gpl_compatible("Dual BSD/GPL"));
    assert_true(license_is_gpl_compatible("Dual MIT/GPL"));
    assert_true(license_is_gpl_compatible("Dual MPL/GPL"));
    assert_false(license_is_gpl_compatible("GPL v3"));
    assert_false(license_is_gpl_compatible("gpl"));
    assert_false(license_is_gpl_compatible("Proprietary"));
    assert_false(license_is_gpl_compatible(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_each_import_by_its_name),
        cmocka_unit_test(has_the_columns_of_the_list),
        cmocka_unit_test(knows_program_types),
        cmocka_unit_test(tells_a_sections_program_type),
        cmocka_unit_test(knows_gpl_compatible_licenses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
