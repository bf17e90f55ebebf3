/* SPDX-License-Identifier: Apache-2.0 */
/* Each line of the object contract: an object that obeys it all, and ones that break that line
 * only. */
#include "tests/verify/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct buffer good;

static int make_good(void **state)
{
    (void)state;
    fixture_make(NULL, NULL, &good);
    return 0;
}

static int free_good(void **state)
{
    (void)state;
    buffer_free(&good);
    return 0;
}

/* One change of the good object's bytes. */
struct change {
    enum verify_rule rule;
    const char *what;
    void (*apply)(struct fixture *);
};

static void expect_changes(const struct change *changes, size_t count)
{
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        struct fixture fixture;
        fixture_open(&good, &fixture);
        changes[i].apply(&fixture);
        right =
            fixture_expect(&fixture, VERIFY_UNSIGNED, changes[i].rule, changes[i].what) && right;
        fixture_close(&fixture);
    }
    assert_true(right);
}

#define CHANGE(rule, function)                                                                     \
    {                                                                                              \
        VERIFY_##rule, #function, function                                                         \
    }
#define EXPECT(changes) expect_changes(changes, sizeof(changes) / sizeof((changes)[0]))

static void test_good(void **state)
{
    struct fixture fixture;
    (void)state;
    fixture_open(&good, &fixture);
    assert_true(fixture_expect(&fixture, VERIFY_UNSIGNED, VERIFY_RULES, "good"));
    fixture_close(&fixture);
}

/* -- The file and its image ---------------------------------------------------------------------
 */

static void type_is_executable(struct fixture *f)
{
    fixture_header(f)->e_type = ET_EXEC;
}
static void has_entry_point(struct fixture *f)
{
    fixture_header(f)->e_entry = 0x1000;
}
static void has_flags(struct fixture *f)
{
    fixture_header(f)->e_flags = 1;
}
static void has_other_os(struct fixture *f)
{
    fixture_header(f)->e_ident[EI_OSABI] = ELFOSABI_FREEBSD;
}
static void has_identification_padding(struct fixture *f)
{
    fixture_header(f)->e_ident[EI_NIDENT - 1] = 1;
}
static void has_segment_headers_elsewhere(struct fixture *f)
{
    Elf64_Ehdr *header = fixture_header(f);
    size_t size = header->e_phnum * sizeof(Elf64_Phdr), end = f->size;
    uint8_t *grown = realloc(f->bytes, end + size);
    assert_non_null(grown);
    f->bytes = grown;
    header = fixture_header(f);
    memcpy(f->bytes + end, f->bytes + header->e_phoff, size);
    memset(f->bytes + header->e_phoff, 0, size);
    header->e_phoff = end;
    f->size += size;
}
static void has_interpreter(struct fixture *f)
{
    fixture_segment(f, PT_PHDR, PF_R)->p_type = PT_INTERP;
}
static void has_tls(struct fixture *f)
{
    fixture_segment(f, PT_PHDR, PF_R)->p_type = PT_TLS;
}
static void has_two_relro(struct fixture *f)
{
    *fixture_segment(f, PT_PHDR, PF_R) = *fixture_segment(f, PT_GNU_RELRO, PF_R);
}
static void has_no_stack_segment(struct fixture *f)
{
    fixture_segment(f, PT_GNU_STACK, PF_R | PF_W)->p_type = PT_PHDR;
}
static void is_aligned_to_two_mebibytes(struct fixture *f)
{
    fixture_segment(f, PT_LOAD, PF_R | PF_X)->p_align = 0x200000;
}
static void code_is_writable(struct fixture *f)
{
    fixture_segment(f, PT_LOAD, PF_R | PF_X)->p_flags = PF_R | PF_W | PF_X;
}
static void data_is_executable(struct fixture *f)
{
    fixture_segment(f, PT_LOAD, PF_R | PF_W)->p_flags = PF_R | PF_W | PF_X;
}
static void code_is_unreadable(struct fixture *f)
{
    fixture_segment(f, PT_LOAD, PF_R | PF_X)->p_flags = PF_X;
}
static void stack_is_executable(struct fixture *f)
{
    fixture_segment(f, PT_GNU_STACK, PF_R | PF_W)->p_flags = PF_R | PF_W | PF_X;
}
static void bss_is_huge(struct fixture *f)
{
    Elf64_Phdr *headers = fixture_segment(f, PT_LOAD, PF_R | PF_W);
    headers[1].p_memsz = 0x200000; /* the second writable one holds .data and .bss */
}
static void relro_ends_in_a_page(struct fixture *f)
{
    fixture_segment(f, PT_GNU_RELRO, PF_R)->p_memsz = 0x800;
}
static void section_has_strange_name(struct fixture *f)
{
    char *names = (char *)f->bytes + fixture_section(f, ".shstrtab")->sh_offset;
    names[fixture_section(f, ".comment")->sh_name + 1] = 'k';
}
static void section_has_name_twice(struct fixture *f)
{
    fixture_section(f, ".comment")->sh_name = fixture_section(f, ".symtab")->sh_name;
}
static void section_is_compressed(struct fixture *f)
{
    fixture_section(f, ".comment")->sh_flags |= SHF_COMPRESSED;
}
static void rodata_is_constructors(struct fixture *f)
{
    fixture_section(f, ".rodata")->sh_type = SHT_INIT_ARRAY;
}
static void section_is_elsewhere(struct fixture *f)
{
    fixture_section(f, ".rodata")->sh_addr += 8;
}
static void bss_is_in_relro(struct fixture *f)
{
    fixture_section(f, ".bss")->sh_addr = fixture_section(f, ".data.rel.ro")->sh_addr + 0x100;
}
static void comment_has_address(struct fixture *f)
{
    fixture_section(f, ".comment")->sh_addr = 0x1000;
}
static void bytes_belong_to_nothing(struct fixture *f)
{
    fixture_section(f, ".comment")->sh_size -= 8;
}
static void bytes_follow_the_end(struct fixture *f)
{
    uint8_t *grown = realloc(f->bytes, f->size + 8);
    assert_non_null(grown);
    f->bytes = grown;
    memset(f->bytes + f->size, 0, 8);
    f->size += 8;
}
static void sections_share_bytes(struct fixture *f)
{
    fixture_section(f, ".comment")->sh_offset -= 1;
}

static void test_file(void **state)
{
    static const struct change changes[] = {
        CHANGE(HEADER, type_is_executable),
        CHANGE(HEADER, has_entry_point),
        CHANGE(HEADER, has_flags),
        CHANGE(HEADER, has_other_os),
        CHANGE(HEADER, has_identification_padding),
        CHANGE(HEADER, has_segment_headers_elsewhere),
        CHANGE(SEGMENT_TYPES, has_interpreter),
        CHANGE(SEGMENT_TYPES, has_tls),
        CHANGE(SEGMENT_TYPES, has_two_relro),
        CHANGE(SEGMENT_TYPES, has_no_stack_segment),
        CHANGE(SEGMENT_LAYOUT, is_aligned_to_two_mebibytes),
        CHANGE(W_XOR_X, code_is_writable),
        CHANGE(W_XOR_X, data_is_executable),
        CHANGE(W_XOR_X, code_is_unreadable),
        CHANGE(W_XOR_X, stack_is_executable),
        CHANGE(IMAGE_SIZE, bss_is_huge),
        CHANGE(RELRO, relro_ends_in_a_page),
        CHANGE(SECTION_NAMES, section_has_strange_name),
        CHANGE(SECTION_NAMES, section_has_name_twice),
        CHANGE(SECTION_NAMES, section_is_compressed),
        CHANGE(SECTION_NAMES, rodata_is_constructors),
        CHANGE(SECTION_LAYOUT, section_is_elsewhere),
        CHANGE(SECTION_LAYOUT, bss_is_in_relro),
        CHANGE(SECTION_LAYOUT, comment_has_address),
        CHANGE(HIDDEN_BYTES, bytes_belong_to_nothing),
        CHANGE(HIDDEN_BYTES, bytes_follow_the_end),
        CHANGE(HIDDEN_BYTES, sections_share_bytes),
    };
    (void)state;
    EXPECT(changes);
}

/* -- Dynamic table, relocations ------------------------------------------------------------------
 */

static void import_is_tls(struct fixture *f)
{
    fixture_dynamic_symbol(f, "rex_cpu")->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_TLS);
}
static void import_is_ifunc(struct fixture *f)
{
    fixture_dynamic_symbol(f, "rex_cpu")->st_info = ELF64_ST_INFO(STB_GLOBAL, STT_GNU_IFUNC);
}
static void import_is_defined(struct fixture *f)
{
    fixture_dynamic_symbol(f, "rex_cpu")->st_value = 0x1000;
}
static void import_is_named_twice(struct fixture *f)
{
    fixture_dynamic_symbol(f, "rex_panic")->st_name = fixture_dynamic_symbol(f, "rex_cpu")->st_name;
}
static void needs_library(struct fixture *f)
{
    fixture_dynamic(f, DT_DEBUG)->d_tag = DT_NEEDED;
}
static void has_constructor(struct fixture *f)
{
    fixture_dynamic(f, DT_DEBUG)->d_tag = DT_INIT;
}
static void has_destructor(struct fixture *f)
{
    fixture_dynamic(f, DT_DEBUG)->d_tag = DT_FINI_ARRAY;
}
static void has_plt(struct fixture *f)
{
    fixture_dynamic(f, DT_DEBUG)->d_tag = DT_JMPREL;
}
static void has_text_relocations(struct fixture *f)
{
    fixture_dynamic(f, DT_FLAGS)->d_un.d_val |= DF_TEXTREL;
}
static void tells_loader_fewer_relocations(struct fixture *f)
{
    fixture_dynamic(f, DT_RELASZ)->d_un.d_val -= sizeof(Elf64_Rela);
}
static void tells_loader_other_relocations(struct fixture *f)
{
    fixture_dynamic(f, DT_RELA)->d_un.d_val += sizeof(Elf64_Rela);
}
static void lacks_symbol_table(struct fixture *f)
{
    *fixture_dynamic(f, DT_SYMTAB) = *fixture_dynamic(f, DT_DEBUG);
    fixture_dynamic(f, DT_DEBUG)->d_tag = DT_SYMBOLIC;
}
static void tag_stands_twice(struct fixture *f)
{
    *fixture_dynamic(f, DT_DEBUG) = *fixture_dynamic(f, DT_STRTAB);
}
/* The second RELATIVE points to text: no code. */
static void set_type(struct fixture *f, uint32_t type)
{
    fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_info = ELF64_R_INFO(0, type);
}
static void relocation_is_absolute(struct fixture *f)
{
    set_type(f, R_X86_64_64);
}
static void relocation_is_ifunc(struct fixture *f)
{
    set_type(f, R_X86_64_IRELATIVE);
}
static void relocation_is_copy(struct fixture *f)
{
    set_type(f, R_X86_64_COPY);
}
static void relocation_is_lazy(struct fixture *f)
{
    set_type(f, R_X86_64_JUMP_SLOT);
}
static void relocation_is_tls(struct fixture *f)
{
    set_type(f, R_X86_64_DTPMOD64);
}
static void relocation_adds_to_import(struct fixture *f)
{
    fixture_relocation(f, R_X86_64_GLOB_DAT, 0)->r_addend = 8;
}
/* A relocation with its addend in place, as it must be. */
static void relocate(struct fixture *f, uint64_t place, uint64_t addend)
{
    Elf64_Rela *relocation = fixture_relocation(f, R_X86_64_RELATIVE, 1);
    relocation->r_offset = place;
    relocation->r_addend = (int64_t)addend;
    memcpy(fixture_at(f, place), &addend, sizeof(addend));
}
static void relocation_fills_data(struct fixture *f)
{
    relocate(f, fixture_address(f, "counter"), fixture_address(f, "text"));
}
static void relocation_fills_map(struct fixture *f)
{
    relocate(f, fixture_address(f, "counts") + 24, 0);
}
static void relocation_is_unaligned(struct fixture *f)
{
    relocate(f, fixture_address(f, "table") + 28, 0);
}
static void relative_names_symbol(struct fixture *f)
{
    fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_info = ELF64_R_INFO(1, R_X86_64_RELATIVE);
}
static void relocations_fill_one_place(struct fixture *f)
{
    *fixture_relocation(f, R_X86_64_RELATIVE, 1) = *fixture_relocation(f, R_X86_64_RELATIVE, 0);
}
static void addend_is_not_in_place(struct fixture *f)
{
    fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_addend += 1;
}
static void addend_is_outside(struct fixture *f)
{
    relocate(f, fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_offset, 0x500000);
}
static void addend_is_negative(struct fixture *f)
{
    relocate(f, fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_offset, UINT64_MAX);
}
static void addend_is_slot(struct fixture *f)
{
    relocate(f, fixture_relocation(f, R_X86_64_RELATIVE, 1)->r_offset,
             fixture_slot(f, "rex_panic"));
}
static void symbol_is_left_undefined(struct fixture *f)
{
    fixture_symbol(f, "private_table")->st_shndx = SHN_UNDEF;
}

static void test_relocations(void **state)
{
    static const struct change changes[] = {
        CHANGE(DYNAMIC_SYMBOLS, import_is_tls),
        CHANGE(DYNAMIC_SYMBOLS, import_is_ifunc),
        CHANGE(DYNAMIC_SYMBOLS, import_is_defined),
        CHANGE(DYNAMIC_SYMBOLS, import_is_named_twice),
        CHANGE(DYNAMIC, needs_library),
        CHANGE(DYNAMIC, has_constructor),
        CHANGE(DYNAMIC, has_destructor),
        CHANGE(DYNAMIC, has_plt),
        CHANGE(DYNAMIC, has_text_relocations),
        CHANGE(DYNAMIC, tells_loader_fewer_relocations),
        CHANGE(DYNAMIC, tells_loader_other_relocations),
        CHANGE(DYNAMIC, lacks_symbol_table),
        CHANGE(DYNAMIC, tag_stands_twice),
        CHANGE(RELOCATION_TYPES, relocation_is_absolute),
        CHANGE(RELOCATION_TYPES, relocation_is_ifunc),
        CHANGE(RELOCATION_TYPES, relocation_is_copy),
        CHANGE(RELOCATION_TYPES, relocation_is_lazy),
        CHANGE(RELOCATION_TYPES, relocation_is_tls),
        CHANGE(RELOCATION_TYPES, relocation_adds_to_import),
        CHANGE(RELOCATION_TYPES, relative_names_symbol),
        CHANGE(RELOCATION_TARGETS, relocation_is_unaligned),
        CHANGE(RELOCATION_TARGETS, relocation_fills_data),
        CHANGE(RELOCATION_TARGETS, relocation_fills_map),
        CHANGE(RELOCATION_TARGETS, relocations_fill_one_place),
        CHANGE(RELATIVE_ADDENDS, addend_is_not_in_place),
        CHANGE(RELATIVE_ADDENDS, addend_is_outside),
        CHANGE(RELATIVE_ADDENDS, addend_is_negative),
        CHANGE(RELATIVE_ADDENDS, addend_is_slot),
        CHANGE(UNDEFINED_ONCE, symbol_is_left_undefined),
    };
    (void)state;
    EXPECT(changes);
}

/* -- Symbols, programs, maps ----------------------------------------------------------------------
 */

static void symbol_is_left_of_kcfi(struct fixture *f)
{
    memcpy(fixture_string(f, "private_table"), "__cfi_", 6);
}
static void symbol_is_of_a_table(struct fixture *f)
{
    memcpy(fixture_string(f, "private_table"), "__rex_vtable", 12);
}
static void symbol_is_ifunc(struct fixture *f)
{
    fixture_symbol(f, "private_table")->st_info = ELF64_ST_INFO(STB_LOCAL, STT_GNU_IFUNC);
}
static void function_is_in_data(struct fixture *f)
{
    fixture_symbol(f, "private_table")->st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
}
static void symbol_is_common(struct fixture *f)
{
    fixture_symbol(f, "private_table")->st_shndx = SHN_COMMON;
}
static void symbol_leaves_section(struct fixture *f)
{
    fixture_symbol(f, "private_table")->st_size = 0x1000;
}
static void name_stands_twice(struct fixture *f)
{
    memcpy(fixture_string(f, "__two"), "__one", 5);
}
static void map_has_reserved_bits(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "slots"))[20] = 1;
}
static void map_has_pointer(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "slots"))[24] = 1;
}
static void map_has_values(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "slots"))[32] = 1;
}
static void set_map(struct fixture *f, const char *map, size_t member, uint32_t value)
{
    memcpy(fixture_at(f, fixture_address(f, map)) + 4 * member, &value, sizeof(value));
}
static void map_is_program_array(struct fixture *f)
{
    set_map(f, "slots", 0, 3);
}
static void map_key_is_too_long(struct fixture *f)
{
    set_map(f, "slots", 1, 8);
}
static void map_key_exceeds_stack(struct fixture *f)
{
    set_map(f, "counts", 1, 513);
}
static void map_value_is_empty(struct fixture *f)
{
    set_map(f, "slots", 2, 0);
}
static void map_has_no_entries(struct fixture *f)
{
    set_map(f, "slots", 3, 0);
}
static void map_has_unknown_flags(struct fixture *f)
{
    set_map(f, "slots", 4, 1u << 31);
}
static void map_is_not_preallocated(struct fixture *f)
{
    set_map(f, "counts", 4, 1); /* beside a kprobe */
}

static void test_symbols(void **state)
{
    static const struct change changes[] = {
        CHANGE(SYMBOLS, symbol_is_left_of_kcfi),
        CHANGE(SYMBOLS, symbol_is_of_a_table),
        CHANGE(SYMBOLS, symbol_is_ifunc),
        CHANGE(SYMBOLS, function_is_in_data),
        CHANGE(SYMBOLS, symbol_is_common),
        CHANGE(SYMBOLS, symbol_leaves_section),
        CHANGE(SYMBOLS, name_stands_twice),
        CHANGE(MAPS, map_has_reserved_bits),
        CHANGE(MAPS, map_has_pointer),
        CHANGE(MAPS, map_has_values),
        CHANGE(MAP_TYPES, map_is_program_array),
        CHANGE(MAP_TYPES, map_key_is_too_long),
        CHANGE(MAP_TYPES, map_key_exceeds_stack),
        CHANGE(MAP_TYPES, map_value_is_empty),
        CHANGE(MAP_TYPES, map_has_no_entries),
        CHANGE(MAP_TYPES, map_has_unknown_flags),
        CHANGE(MAP_TYPES, map_is_not_preallocated),
    };
    (void)state;
    EXPECT(changes);
}

/* -- What has to be assembled anew, and the note
 * --------------------------------------------------- */

static void proprietary(struct note *note)
{
    note->license = "Proprietary";
}
static void program_is_elsewhere(struct note *note)
{
    note->programs[0].entry += 16;
}
static void program_has_other_type(struct note *note)
{
    note->programs[0].type = REX_PROGRAM_TC;
}
static void program_attaches_elsewhere(struct note *note)
{
    note->programs[0].section = "tc";
}
static void program_is_missing(struct note *note)
{
    note->program_count--;
}
static void map_is_missing(struct note *note)
{
    note->map_count--;
}
static void map_is_elsewhere(struct note *note)
{
    note->maps[0].address += 8;
}
static void import_is_missing(struct note *note)
{
    note->import_count--;
}
static void import_has_other_slot(struct note *note)
{
    note->imports[0].slot += 8;
}
static void field_is_larger(struct note *note)
{
    note->fields[0].size = 16;
}
static void panic_body_is_elsewhere(struct note *note)
{
    note->panic_body = note->handle_timeout;
}
static void handler_is_elsewhere(struct note *note)
{
    note->handle_timeout = note->panic_body;
}
static void return_is_missing(struct note *note)
{
    note->return_count--;
}
/* The fixture has room for one more. */
static void jump_is_a_return(struct note *note)
{
    note->returns[note->return_count++] = (uint32_t)note->handle_timeout + 4;
}
static void return_is_in_no_function(struct note *note)
{
    note->returns[note->return_count++] = 0;
}
static void return_is_in_no_image(struct note *note)
{
    note->returns[note->return_count++] = UINT32_MAX;
}
static void bound_is_too_low(struct note *note)
{
    note->programs[0].stack_bound -= 8;
}
static void bound_is_too_high(struct note *note)
{
    note->programs[0].stack_bound += 8;
}
static void bound_is_said_to_be_checked(struct note *note)
{
    note->programs[0].checked = true;
}
static void panic_bound_is_too_low(struct note *note)
{
    note->panic_bound = 0;
}
static void check_is_invented(struct note *note)
{
    static struct note_check invented = {.function = 0x1000, .need = 64};
    note->checks = &invented;
    note->check_count = 1;
}

/* The recursion of -DNEED: 8 bytes for rbp and 8 for the return address to the next check. */
static struct note_check check = {.need = 16};
static void note_has_check(struct note *note)
{
    note->programs[0].checked = true;
    note->programs[0].stack_bound = REX_STACK_PROGRAM;
    note->checks = &check;
    note->check_count = 1;
    check.need = 16;
    /* In the file, `recursive` is the last function of .text, before the thunks: see good.S. */
    check.function = note->handle_timeout + 16;
}
static void note_has_larger_check(struct note *note)
{
    note_has_check(note);
    check.need = 32;
}
static void note_has_check_elsewhere(struct note *note)
{
    note_has_check(note);
    check.function -= 16;
}
static void note_lacks_check(struct note *note)
{
    note_has_check(note);
    note->check_count = 0;
}
static void note_says_nothing_of_checks(struct note *note)
{
    note_has_check(note);
    note->programs[0].checked = false;
}
static void note_has_limit_beyond_stack(struct note *note)
{
    note_has_check(note);
    note->programs[0].stack_bound += 8;
}

static void test_assembled(void **state)
{
    static const struct {
        enum verify_rule rule;
        const char *option;
        void (*change_note)(struct note *);
    } cases[] = {
        {VERIFY_IMPORTS_KNOWN, "-DBREAK_IMPORTS_KNOWN", NULL},
        {VERIFY_PROGRAMS, "-DBREAK_PROGRAMS", NULL},
        {VERIFY_PROGRAMS, "-DFIRST=__first", NULL},
        {VERIFY_PROGRAMS, "-DFIRST=dotted.name", NULL},
        {VERIFY_REQUIRED_SYMBOLS, "-DBREAK_HANDLER", NULL},
        {VERIFY_MAPS, "-DBREAK_MAPS", NULL},
        {VERIFY_MAPS, "-DBREAK_MAPS_SIZE", NULL},
        {VERIFY_MAPS, "-DBREAK_MAP_NAME", NULL},
        {VERIFY_MAPS, "-DBREAK_MAP_ALIAS", NULL},
        {VERIFY_PROGRAMS, "-DBREAK_ALIAS", NULL},
        {VERIFY_PROGRAMS, "-DFIRST_SECTION=.text -DSECOND_SECTION=.text", NULL},
        {VERIFY_IMPORT_TYPES, "-DBREAK_IMPORT_TYPES", NULL},
        {VERIFY_STACK_BOUNDS, "-DBREAK_UNUSED_ID", NULL},
        {VERIFY_RULES, "-DNEED=16", note_has_check},
        {VERIFY_STACK_BOUNDS, "-DNEED=8", note_has_check},
        {VERIFY_STACK_BOUNDS, "-DNEED=16", note_has_larger_check},
        {VERIFY_STACK_BOUNDS, "-DNEED=16", note_has_check_elsewhere},
        {VERIFY_STACK_BOUNDS, "-DNEED=16", note_lacks_check},
        {VERIFY_STACK_BOUNDS, "-DNEED=16", note_says_nothing_of_checks},
        {VERIFY_STACK_BOUNDS, "-DNEED=16", note_has_limit_beyond_stack},
        {VERIFY_RULES, "-DBREAK_LICENSE", NULL}, /* the license is GPL */
        {VERIFY_LICENSE, "-DBREAK_LICENSE", proprietary},
        {VERIFY_RULES, NULL, proprietary},
        {VERIFY_NOTE_CONTENT, NULL, program_is_elsewhere},
        {VERIFY_NOTE_CONTENT, NULL, program_has_other_type},
        {VERIFY_NOTE_CONTENT, NULL, program_attaches_elsewhere},
        {VERIFY_NOTE_CONTENT, NULL, program_is_missing},
        {VERIFY_NOTE_CONTENT, NULL, map_is_missing},
        {VERIFY_NOTE_CONTENT, NULL, map_is_elsewhere},
        {VERIFY_NOTE_CONTENT, NULL, import_is_missing},
        {VERIFY_NOTE_CONTENT, NULL, import_has_other_slot},
        {VERIFY_NOTE_CONTENT, NULL, field_is_larger},
        {VERIFY_NOTE_CONTENT, NULL, panic_body_is_elsewhere},
        {VERIFY_NOTE_CONTENT, NULL, handler_is_elsewhere},
        {VERIFY_NOTE_CONTENT, NULL, jump_is_a_return},
        {VERIFY_NOTE_CONTENT, NULL, return_is_in_no_function},
        {VERIFY_NOTE_CONTENT, NULL, return_is_in_no_image},
        {VERIFY_RETURN_SITES, NULL, return_is_missing},
        {VERIFY_RETURN_SITES, "-DBREAK_RETURN_SITES", NULL}, /* one inside an instruction */
        {VERIFY_STACK_BOUNDS, NULL, bound_is_too_low},
        {VERIFY_STACK_BOUNDS, NULL, bound_is_too_high},
        {VERIFY_STACK_BOUNDS, NULL, bound_is_said_to_be_checked},
        {VERIFY_STACK_BOUNDS, NULL, panic_bound_is_too_low},
        {VERIFY_STACK_BOUNDS, NULL, check_is_invented},
    };
    bool right = true;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buffer object = {0};
        struct fixture fixture;
        char what[64];
        snprintf(what, sizeof(what), "case %zu, %s", i, cases[i].option ? cases[i].option : "note");
        fixture_make(cases[i].option, cases[i].change_note, &object);
        fixture_open(&object, &fixture);
        right = fixture_expect(&fixture, VERIFY_UNSIGNED, cases[i].rule, what) && right;
        fixture_close(&fixture);
        buffer_free(&object);
    }
    assert_true(right);
}

static void note_has_other_version(struct fixture *f)
{
    f->bytes[fixture_section(f, ".note.rex")->sh_offset + 16] = 99;
}
static void note_is_cut(struct fixture *f)
{
    fixture_section(f, ".note.rex")->sh_size -= 8;
    memset(f->bytes + fixture_section(f, ".note.rex")->sh_offset +
               fixture_section(f, ".note.rex")->sh_size,
           0, 8);
}
static void note_has_reserved_bits(struct fixture *f)
{
    f->bytes[fixture_section(f, ".note.rex")->sh_offset + 16 + 36] |= 2; /* panic_flags */
}

static uint32_t *returns_of(struct fixture *f)
{
    uint8_t *descriptor = f->bytes + fixture_section(f, ".note.rex")->sh_offset + 16;
    struct rex_note_header header;
    memcpy(&header, descriptor, sizeof(header));
    return (uint32_t *)(void *)(descriptor + header.returns.offset);
}
static void returns_are_in_disorder(struct fixture *f)
{
    uint32_t *returns = returns_of(f), first = returns[0];
    returns[0] = returns[1];
    returns[1] = first;
}
static void return_is_there_twice(struct fixture *f)
{
    uint32_t *returns = returns_of(f);
    returns[1] = returns[0];
}

static void btf_has_other_magic(struct fixture *f)
{
    f->bytes[fixture_section(f, ".BTF")->sh_offset] ^= 1;
}
static void btf_is_cut(struct fixture *f)
{
    Elf64_Shdr *section = fixture_section(f, ".BTF");
    section->sh_size -= 8;
    memset(f->bytes + section->sh_offset + section->sh_size, 0, 8);
}

static void test_note(void **state)
{
    static const struct change changes[] = {
        CHANGE(NOTE, note_has_other_version),
        CHANGE(NOTE, note_is_cut),
        CHANGE(NOTE, note_has_reserved_bits),
        CHANGE(NOTE, returns_are_in_disorder),
        CHANGE(NOTE, return_is_there_twice),
        CHANGE(BTF, btf_has_other_magic),
        CHANGE(BTF, btf_is_cut),
    };
    struct fixture fixture;
    (void)state;
    EXPECT(changes);
    /* An unsigned object where a signature is demanded. */
    fixture_open(&good, &fixture);
    assert_true(fixture_expect(&fixture, VERIFY_INTEGRITY, VERIFY_SIGNATURE, "unsigned"));
    assert_true(fixture_expect(&fixture, VERIFY_SIGNER, VERIFY_SIGNATURE, "unsigned"));
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),        cmocka_unit_test(test_file),
        cmocka_unit_test(test_relocations), cmocka_unit_test(test_symbols),
        cmocka_unit_test(test_assembled),   cmocka_unit_test(test_note),
    };
    return cmocka_run_group_tests(tests, make_good, free_good);
}
