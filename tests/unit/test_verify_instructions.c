/* SPDX-License-Identifier: Apache-2.0 */
/* The contract's lines about machine code, broken in the bytes of an object that is good otherwise.
 */
#include "tests/verify/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
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

/* Bytes on the canvas, between a frame's making and its dropping. */
struct bytes {
    enum verify_rule rule;
    const char *bytes;
    const char *text;
};

static void expect_bytes(const struct bytes *cases, size_t count)
{
    bool right = true;
    for (size_t i = 0; i < count; i++) {
        struct fixture fixture;
        fixture_open(&good, &fixture);
        fixture_paint(&fixture, cases[i].bytes);
        right = fixture_expect(&fixture, VERIFY_UNSIGNED, cases[i].rule, cases[i].text) && right;
        fixture_close(&fixture);
    }
    assert_true(right);
}

#define EXPECT_BYTES(cases) expect_bytes(cases, sizeof(cases) / sizeof((cases)[0]))
#define REFUSED(bytes, text)                                                                       \
    {                                                                                              \
        VERIFY_INSTRUCTIONS, bytes, text                                                           \
    }

static void test_refused_instructions(void **state)
{
    static const struct bytes cases[] = {
        /* Registers that the kernel has not saved. */
        REFUSED("d9 e8", "x87: fld1"),
        REFUSED("dd 00", "x87: fld qword ptr [rax]"),
        REFUSED("9b", "x87: fwait"),
        REFUSED("0f 77", "MMX: emms"),
        REFUSED("0f 57 c0", "SSE: xorps"),
        REFUSED("66 48 0f 6e c0", "SSE2: movq xmm0, rax"),
        REFUSED("f2 0f 2a c0", "SSE2: cvtsi2sd"),
        REFUSED("c5 f8 57 c0", "AVX: vxorps"),
        REFUSED("62 f1 7c 48 57 c0", "AVX-512: vxorps"),
        REFUSED("0f ae 00", "fxsave"),
        REFUSED("0f ae 20", "xsave"),
        REFUSED("0f ae 10", "ldmxcsr"),
        /* The machine. */
        REFUSED("f4", "hlt"),
        REFUSED("fa", "cli"),
        REFUSED("fb", "sti"),
        REFUSED("0f 01 10", "lgdt"),
        REFUSED("0f 01 18", "lidt"),
        REFUSED("0f 00 d8", "ltr"),
        REFUSED("0f 20 c0", "mov rax, cr0"),
        REFUSED("0f 22 c0", "mov cr0, rax"),
        REFUSED("0f 23 c0", "mov dr0, rax"),
        REFUSED("0f 32", "rdmsr"),
        REFUSED("0f 30", "wrmsr"),
        REFUSED("0f 01 38", "invlpg"),
        REFUSED("0f 01 f8", "swapgs"),
        REFUSED("0f 09", "wbinvd"),
        REFUSED("0f 06", "clts"),
        REFUSED("0f 01 ca", "clac"),
        REFUSED("0f 01 cb", "stac"),
        REFUSED("0f 01 c8", "monitor"),
        REFUSED("0f 01 c1", "vmcall"),
        REFUSED("0f 78 c0", "vmread"),
        REFUSED("0f 01 ee", "rdpkru"),
        REFUSED("0f a2", "cpuid"),
        REFUSED("0f 01 d0", "xgetbv"),
        REFUSED("0f 31", "rdtsc"),
        REFUSED("0f 01 f9", "rdtscp"),
        REFUSED("0f 33", "rdpmc"),
        REFUSED("0f c7 f0", "rdrand"),
        REFUSED("0f c7 f8", "rdseed"),
        REFUSED("f3 0f c7 f8", "rdpid"),
        /* Ports. */
        REFUSED("e4 10", "in al, 0x10"),
        REFUSED("e6 10", "out 0x10, al"),
        REFUSED("ec", "in al, dx"),
        REFUSED("6c", "insb"),
        REFUSED("6e", "outsb"),
        /* Flags. */
        REFUSED("9c", "pushfq"),
        REFUSED("9d", "popfq"),
        REFUSED("fd", "std"),
        REFUSED("fc", "cld"),
        REFUSED("f8", "clc"),
        REFUSED("f9", "stc"),
        REFUSED("f5", "cmc"),
        REFUSED("9e", "sahf"),
        REFUSED("9f", "lahf"),
        /* Segments. */
        REFUSED("8e d8", "mov ds, eax"),
        REFUSED("8c d8", "mov eax, ds"),
        REFUSED("0f a0", "push fs"),
        REFUSED("0f a1", "pop fs"),
        REFUSED("f3 48 0f ae d0", "wrfsbase rax"),
        REFUSED("f3 48 0f ae d8", "wrgsbase rax"),
        REFUSED("f3 48 0f ae c8", "rdgsbase rax"),
        REFUSED("0f b2 00", "lss eax, [rax]"),
        REFUSED("0f 02 c0", "lar eax, eax"),
        REFUSED("64 48 8b 00", "mov rax, fs:[rax]"),
        REFUSED("2e 48 8b 00", "mov rax, cs:[rax]"),
        REFUSED("3e 48 8b 00", "mov rax, ds:[rax]"),
        /* Strings and memory. */
        REFUSED("a4", "movsb"),
        REFUSED("aa", "stosb"),
        REFUSED("ac", "lodsb"),
        REFUSED("f3 ac", "rep lodsb"),
        REFUSED("f3 a6", "repe cmpsb"),
        REFUSED("f2 ae", "repne scasb"),
        REFUSED("f2 a4", "repne movsb"),
        REFUSED("67 f3 a4", "rep movsb with 32-bit addresses"),
        REFUSED("26 f3 a4", "rep movsb with es"),
        REFUSED("d7", "xlat"),
        REFUSED("0f c3 00", "movnti"),
        REFUSED("0f ae 38", "clflush"),
        REFUSED("0f ae f0", "mfence"),
        REFUSED("0f 18 08", "prefetcht0"),
        REFUSED("0f 0d 08", "prefetchw"),
        REFUSED("0f 1c 00", "cldemote"),
        REFUSED("67 48 8b 00", "mov rax, [eax]"),
        REFUSED("48 8b 04 25 00 10 00 00", "mov rax, [0x1000]"),
        REFUSED("48 a1 00 10 00 00 00 00 00 00", "mov rax, [0x1000], 64-bit address"),
        REFUSED("48 0f a3 00", "bt [rax], rax"),
        REFUSED("48 0f c7 08", "cmpxchg16b"),
        /* What this target's code has no use for. */
        REFUSED("f3 0f b8 c0", "popcnt"),
        REFUSED("f3 0f bd c0", "lzcnt"),
        REFUSED("0f 38 f0 00", "movbe"),
        REFUSED("c4 e2 78 f2 c0", "andn"),
        REFUSED("f2 0f 38 f0 c0", "crc32"),
        REFUSED("66 0f 38 f6 c0", "adcx"),
        REFUSED("e2 00", "loop"),
        REFUSED("e3 00", "jrcxz"),
        REFUSED("7a 00", "jp"),
        REFUSED("0f 9a c0", "setp"),
        REFUSED("0f 4a c0", "cmovp"),
        REFUSED("0f ff c0", "ud0"),
        REFUSED("0f b9 c0", "ud1"),
        REFUSED("f3 0f 1e fb", "endbr32"),
        REFUSED("f3 48 0f 1e c8", "rdsspq"),
        REFUSED("f3 48 0f ae e8", "incsspq"),
        /* Stack operations of another width. */
        REFUSED("66 50", "push ax"),
        REFUSED("66 58", "pop ax"),
        REFUSED("66 6a 01", "push of 16 bits"),
        /* Prefixes that processors may read in different ways. */
        REFUSED("66 eb 00", "jmp with an operand-size prefix"),
        REFUSED("66 e9 00 00 00 00", "jmp rel32 with an operand-size prefix"),
        REFUSED("3e 75 00", "jnz with a hint"),
        REFUSED("f2 eb 00", "bnd jmp"),
        REFUSED("f3 48 89 c0", "mov with rep"),
        REFUSED("f2 48 89 c0", "mov with repne"),
        REFUSED("f2 f0 48 01 00", "xacquire lock add"),
        REFUSED("f3 f0 48 01 00", "xrelease lock add"),
        REFUSED("f0 48 11 00", "lock adc"),
        REFUSED("66 48 89 c0", "mov with an operand-size prefix and REX.W"),
        REFUSED("48 66 89 c0", "REX before another prefix"),
        REFUSED("66 f3 90", "pause with an operand-size prefix"),
        REFUSED("f3 48 90", "pause with REX.W"),
        REFUSED("f3 48 0f 1e fa", "endbr64 with REX.W"),
    };
    (void)state;
    EXPECT_BYTES(cases);
}

#define ALLOWED(bytes, text)                                                                       \
    {                                                                                              \
        VERIFY_RULES, bytes, text                                                                  \
    }

/* What LLVM emits stays allowed. */
static void test_allowed_instructions(void **state)
{
    static const struct bytes cases[] = {
        ALLOWED("f0 48 0f b1 08", "lock cmpxchg"),
        ALLOWED("f0 48 0f c1 08", "lock xadd"),
        ALLOWED("48 87 08", "xchg"),
        ALLOWED("50 f0 83 0c 24 00 58", "push rax ; lock or dword ptr [rsp], 0 ; pop rax: a fence"),
        ALLOWED("f0 48 0f ba 28 03", "lock bts"),
        ALLOWED("f3 48 a5", "rep movsq"),
        ALLOWED("f3 aa", "rep stosb"),
        ALLOWED("f3 90", "pause"),
        ALLOWED("f3 48 0f bc c0", "tzcnt"),
        ALLOWED("48 0f c8", "bswap"),
        ALLOWED("48 f7 e1", "mul"),
        ALLOWED("48 0f a4 c8 05", "shld"),
        ALLOWED("66 66 2e 0f 1f 84 00 00 00 00 00", "a long nop"),
        ALLOWED("66 90", "nop of two bytes"),
        ALLOWED("48 8d 04 8d 00 00 00 00", "lea rax, [rcx * 4]"),
        ALLOWED("66 89 08", "mov of 16 bits"),
        ALLOWED("40 0f b6 d7", "movzx edx, dil"),
    };
    (void)state;
    EXPECT_BYTES(cases);
}

static void test_control(void **state)
{
    static const struct bytes cases[] = {
        {VERIFY_DECODE, "06", "push es does not exist"},
        {VERIFY_DECODE, "f0 48 01 c0", "lock without memory"},
        {VERIFY_BRANCH_TARGETS, "eb 01 48 89 c0", "a jump into an instruction"},
        {VERIFY_BRANCH_TARGETS, "74 01 48 89 c0", "a branch into an instruction"},
        {VERIFY_BRANCH_TARGETS, "e8 00 00 00 00", "a call into its own function"},
        {VERIFY_BRANCH_TARGETS, "e9 00 00 00 70", "a jump out of the image"},
        {VERIFY_BRANCH_TARGETS, "eb 30", "a jump into padding"},
        {VERIFY_INDIRECT_BRANCHES, "ff e0", "jmp rax"},
        {VERIFY_INDIRECT_BRANCHES, "ff d0", "call rax"},
        {VERIFY_INDIRECT_BRANCHES, "41 ff e3", "jmp r11"},
        {VERIFY_INDIRECT_BRANCHES, "ff 20", "jmp [rax]"},
        {VERIFY_INDIRECT_BRANCHES, "c3", "ret"},
        {VERIFY_INDIRECT_BRANCHES, "c2 08 00", "ret 8"},
        {VERIFY_INDIRECT_BRANCHES, "cb", "far ret"},
        {VERIFY_INDIRECT_BRANCHES, "ff 28", "far jmp"},
        {VERIFY_INDIRECT_BRANCHES, "ff 18", "far call"},
        {VERIFY_INDIRECT_BRANCHES, "48 cf", "iretq"},
        {VERIFY_INDIRECT_BRANCHES, "cd 80", "int 0x80"},
        {VERIFY_INDIRECT_BRANCHES, "f1", "int1"},
        {VERIFY_INDIRECT_BRANCHES, "0f 05", "syscall"},
        {VERIFY_INDIRECT_BRANCHES, "0f 34", "sysenter"},
        {VERIFY_INDIRECT_BRANCHES, "0f 07", "sysret"},
        {VERIFY_INDIRECT_BRANCHES, "c7 f8 00 00 00 00", "xbegin"},
        {VERIFY_INDIRECT_BRANCHES, "c6 f8 00", "xabort"},
        {VERIFY_INDIRECT_BRANCHES, "0f 01 d5", "xend"},
        {VERIFY_STACK_POINTER, "48 89 c4", "mov rsp, rax"},
        {VERIFY_STACK_POINTER, "5c", "pop rsp"},
        {VERIFY_STACK_POINTER, "48 94", "xchg rsp, rax"},
        {VERIFY_STACK_POINTER, "48 01 c4", "add rsp, rax"},
        {VERIFY_STACK_POINTER, "48 29 c4", "sub rsp, rax"},
        {VERIFY_STACK_POINTER, "48 8b 20", "mov rsp, [rax]"},
        {VERIFY_STACK_POINTER, "48 8d 20", "lea rsp, [rax]"},
        {VERIFY_STACK_POINTER, "83 c4 08", "add esp, 8"},
        {VERIFY_STACK_POINTER, "40 88 c4", "mov spl, al"},
        {VERIFY_STACK_POINTER, "48 ff c4", "inc rsp"},
        {VERIFY_STACK_POINTER, "48 0f 44 e0", "cmovz rsp, rax"},
        {VERIFY_STACK_POINTER, "48 89 c5", "mov rbp, rax"},
        {VERIFY_STACK_POINTER, "48 83 c5 08", "add rbp, 8"},
        {VERIFY_STACK_POINTER, "31 ed", "xor ebp, ebp"},
        {VERIFY_INSTRUCTIONS, "c9", "leave"},
        {VERIFY_INSTRUCTIONS, "c8 10 00 00", "enter"},
        {VERIFY_GS_ACCESSES, "65 48 8b 00", "mov rax, gs:[rax]"},
        {VERIFY_GS_ACCESSES, "65 48 89 08", "mov gs:[rax], rcx"},
        {VERIFY_GS_ACCESSES, "65 f3 a4", "rep movsb from gs"},
        {VERIFY_GS_ACCESSES, "65 48 89 c0", "gs without memory"},
        {VERIFY_TRAPS, "0f 0b", "ud2"},
        {VERIFY_TRAPS, "cc", "int3"},
        {VERIFY_ENDBR, "f3 0f 1e fa", "endbr64"},
        {VERIFY_ENDBR, "b8 f3 0f 1e fa", "endbr64 in a constant"},
        {VERIFY_ENDBR, "48 b8 00 00 f3 0f 1e fa 00 00", "endbr64 inside a constant"},
        {VERIFY_ENDBR, "0f be 87 f3 0f 1e fa", "endbr64 in an offset"},
        {VERIFY_ENDBR, "81 f3 0f 1e fa 00", "endbr64 of a ModRM byte and a constant: xor ebx"},
        {VERIFY_ENDBR, "c7 47 f3 0f 1e fa 00", "endbr64 of an offset and a constant"},
        {VERIFY_ENDBR, "66 0f 1f 84 f3 0f 1e fa 00", "endbr64 in a nop"},
        {VERIFY_RULES, "b8 f2 0f 1e fa", "one less than endbr64"},
        {VERIFY_KCFI_IDS, "b8 cd ab 34 12", "an id in a constant"},
        {VERIFY_KCFI_IDS, "48 b8 00 00 cd ab 34 12 00 00", "an id inside a constant"},
    };
    (void)state;
    EXPECT_BYTES(cases);
}

/* Instructions that must not stand there at all, and not with such a prefix anywhere. */
static void test_prefixes(void **state)
{
    static const struct {
        enum verify_rule other;
        const char *bytes, *text;
    } cases[] = {
        {VERIFY_ENDBR, "66 f3 0f 1e fa", "endbr64 with an operand-size prefix"},
        {VERIFY_TRAPS, "66 0f 0b", "ud2 with an operand-size prefix"},
        {VERIFY_TRAPS, "48 0f 0b", "ud2 with REX.W"},
        {VERIFY_TRAPS, "66 cc", "int3 with an operand-size prefix"},
        {VERIFY_TRAPS, "f3 cc", "int3 with rep"},
    };
    bool right = true;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;
        fixture_open(&good, &fixture);
        fixture_paint(&fixture, cases[i].bytes);
        right =
            fixture_expect_rules(&fixture, VERIFY_UNSIGNED,
                                 UINT64_C(1) << VERIFY_INSTRUCTIONS | UINT64_C(1) << cases[i].other,
                                 cases[i].text) &&
            right;
        fixture_close(&fixture);
    }
    assert_true(right);
}

/* An instruction on the canvas that names an address: offset of its distance, bytes after it. */
struct aimed {
    enum verify_rule rule;
    const char *bytes;
    size_t distance;
    const char *symbol; /* or, with slot, the import whose slot */
    bool slot;
    int64_t offset;
    const char *text;
};

static void test_addresses(void **state)
{
    static const struct aimed cases[] = {
        {VERIFY_BRANCH_TARGETS, "e8 00 00 00 00", 1, "callee", false, 4, "call into a function"},
        {VERIFY_BRANCH_TARGETS, "e9 00 00 00 00", 1, "callee", false, -5, "jmp to a prefix"},
        {VERIFY_BRANCH_TARGETS, "e8 00 00 00 00", 1, "__rex_import_rex_panic", false, 4,
         "call into a thunk"},
        {VERIFY_BRANCH_TARGETS, "e8 00 00 00 00", 1, "text", false, 0, "call to data"},
        {VERIFY_KCFI_CHECKS, "e8 00 00 00 00", 1, "__x86_indirect_thunk_r11", false, 0,
         "an indirect call without check"},
        {VERIFY_KCFI_CHECKS, "0f 84 00 00 00 00", 2, "__x86_indirect_thunk_r11", false, 0,
         "a branch to the indirect thunk"},
        {VERIFY_RETURNS, "e8 00 00 00 00", 1, "__x86_return_thunk", false, 0,
         "call of the return thunk"},
        {VERIFY_RETURNS, "0f 84 00 00 00 00", 2, "__x86_return_thunk", false, 0,
         "a conditional return"},
        {VERIFY_RULES, "48 8d 05 00 00 00 00", 3, "text", false, 0, "lea rax, [text]"},
        {VERIFY_RULES, "48 8d 05 00 00 00 00", 3, "other", false, 0, "lea rax, [other]"},
        {VERIFY_ADDRESSES, "48 8d 05 00 00 00 00", 3, "other", false, 4, "lea into a function"},
        {VERIFY_ADDRESSES, "48 8d 05 00 00 00 00", 3, "other", false, -5, "lea to a prefix"},
        {VERIFY_ADDRESSES, "48 8d 05 00 00 00 00", 3, "__rex_import_rex_panic", false, 0,
         "lea to a thunk"},
        {VERIFY_ADDRESSES, "48 8d 05 00 00 00 00", 3, "__x86_return_thunk", false, 0,
         "lea to the return thunk"},
        {VERIFY_ENDBR, "48 8d 05 00 00 00 00", 3, "copy", false, 0,
         "the address of a function without endbr64"},
        {VERIFY_SLOTS, "48 8b 05 00 00 00 00", 3, "rex_panic", true, 0, "the slot of a function"},
        {VERIFY_SLOTS, "48 8d 05 00 00 00 00", 3, "rex_panic", true, 0, "the address of a slot"},
        {VERIFY_SLOTS, "8b 05 00 00 00 00", 2, "rex_cpu", true, 0, "half a slot"},
        {VERIFY_SLOTS, "48 8b 05 00 00 00 00", 3, "rex_cpu", true, 4, "two halves of slots"},
        {VERIFY_SLOTS, "48 03 05 00 00 00 00", 3, "rex_cpu", true, 0, "add from a slot"},
        {VERIFY_RULES, "48 8b 05 00 00 00 00", 3, "rex_off.xdp_buff.data", true, 0,
         "mov from a field's slot"},
        {VERIFY_MEMORY, "8b 05 00 00 00 00", 2, "callee", false, 0, "code read as data"},
        {VERIFY_MEMORY, "8b 05 00 00 00 00", 2, "text", false, 0x100000, "beyond the image"},
        {VERIFY_MEMORY, "8b 05 00 00 00 00", 2, "text", false, -0x100000, "before the image"},
        {VERIFY_MEMORY, "48 8d 05 00 00 00 00", 3, "text", false, 0x100000, "lea beyond the image"},
        {VERIFY_MEMORY, "89 05 00 00 00 00", 2, "text", false, 0, "a write to .rodata"},
        {VERIFY_MEMORY, "89 05 00 00 00 00", 2, "callee", false, 0, "a write to code"},
        {VERIFY_MEMORY, "89 05 00 00 00 00", 2, "counts", false, 24, "a write to a map"},
        {VERIFY_MEMORY, "89 05 00 00 00 00", 2, "maps_slot", false, 0, "a write to .data.rel.ro"},
        {VERIFY_MEMORY, "f0 ff 05 00 00 00 00", 3, "text", false, 0, "lock inc of .rodata"},
        {VERIFY_RULES, "89 05 00 00 00 00", 2, "counter", false, 0, "a write to .data"},
        {VERIFY_RULES, "89 05 00 00 00 00", 2, "buffer", false, 0, "a write to .bss"},
    };
    bool right = true;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;
        fixture_open(&good, &fixture);
        fixture_paint(&fixture, cases[i].bytes);
        uint64_t target = cases[i].slot ? fixture_slot(&fixture, cases[i].symbol)
                                        : fixture_address(&fixture, cases[i].symbol);
        fixture_aim(&fixture, cases[i].distance, target + (uint64_t)cases[i].offset);
        right = fixture_expect(&fixture, VERIFY_UNSIGNED, cases[i].rule, cases[i].text) && right;
        fixture_close(&fixture);
    }
    assert_true(right);
}

/* -- Changes elsewhere
 * ----------------------------------------------------------------------------- */

/* Replaces the first occurrence of some bytes in a function. */
static uint8_t *find(struct fixture *f, const char *function, const void *bytes, size_t length)
{
    uint8_t *start = fixture_at(f, fixture_address(f, function));
    uint8_t *found = memmem(start, fixture_symbol(f, function)->st_size, bytes, length);
    assert_non_null(found);
    return found;
}

static void functions_overlap(struct fixture *f)
{
    fixture_symbol(f, "copy")->st_size += 64;
}
static void function_is_empty(struct fixture *f)
{
    fixture_symbol(f, "second")->st_size = 0;
}
static void function_ends_in_instruction(struct fixture *f)
{
    fixture_symbol(f, "canvas")->st_size -= 2;
}
static void padding_is_code(struct fixture *f)
{
    *fixture_at(f, fixture_address(f, "canvas") + fixture_symbol(f, "canvas")->st_size) = 0xf4;
}
static void padding_is_zero(struct fixture *f)
{
    memset(fixture_at(f, fixture_address(f, "canvas") + fixture_symbol(f, "canvas")->st_size), 0,
           2);
}
static void prefix_is_loose(struct fixture *f)
{
    /* mov eax, imm32 followed by a nop instead of the function. */
    uint8_t *prefix = fixture_at(f, fixture_address(f, "other") - 6);
    memcpy(prefix, (const uint8_t[]){0xb8, 0x88, 0x77, 0x66, 0x55, 0x90}, 6);
}
static void check_compares_elsewhere(struct fixture *f)
{
    find(f, "first", "\x45\x03\x53\xfc", 4)[3] = 0xf8;
}
static void check_has_no_trap(struct fixture *f)
{
    memcpy(find(f, "first", "\x0f\x0b", 2), "\x90\x90", 2);
}
static void branch_leads_into_check(struct fixture *f)
{
    /* test rax, rax ; je over the lock inc: now to the add of the check */
    uint8_t *branch = find(f, "first", "\x48\x85\xc0\x74", 4) + 3;
    branch[1] = (uint8_t)(find(f, "first", "\x45\x03\x53\xfc", 4) - (branch + 2));
}
static void branch_skips_check(struct fixture *f)
{
    uint8_t *branch = find(f, "first", "\x48\x85\xc0\x74", 4) + 3;
    branch[1] = (uint8_t)(find(f, "first", "\x0f\x0b", 2) + 2 - (branch + 2));
}
static void thunk_uses_other_slot(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "__rex_import_bpf_ktime_get_ns"))[6] ^= 8;
}
static void thunk_has_other_bytes(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "__x86_indirect_thunk_r11"))[2] = 0xe2; /* jmp r10 */
}
static void thunk_has_company(struct fixture *f)
{
    fixture_at(f, fixture_address(f, "__x86_return_thunk"))[1] = 0x90;
}
static void return_thunk_is_renamed(struct fixture *f)
{
    memcpy(fixture_string(f, "__rex_import_bpf_ktime_get_ns"), "__rex_import_bpf_ktime_get_no", 29);
}
static void gs_field_is_not_visible(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x48\x08", 4)[3] = 16;
}
static void gs_field_reaches_beyond(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x48\x08", 4)[3] = 13;
}
static void gs_field_is_before(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x48\x08", 4)[3] = 0xf8;
}
static void gs_address_is_overwritten(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x48\x08", 4)[2] = 0x40; /* mov eax, gs:[rax + 8] */
}
static void gs_has_other_base(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x50\x0c", 4)[2] = 0x53; /* mov edx, gs:[rbx + 12] */
}
static void gs_stores_constant(struct fixture *f)
{
    memcpy(find(f, "visible_fields", "\x65\x83\x78\x08\x01", 5), "\x65\xc6\x40\x08\x01", 5);
}
static void gs_stores_register(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x8b\x48\x08", 4)[1] = 0x89;
}
static void gs_adds(struct fixture *f)
{
    find(f, "visible_fields", "\x65\x83\x78\x08\x01", 5)[2] = 0x40;
}
static void gs_slot_is_of_other_import(struct fixture *f)
{
    uint8_t *load = find(f, "visible_fields", "\x48\x8b\x05", 3);
    int32_t distance;
    memcpy(&distance, load + 3, sizeof(distance));
    distance += (int32_t)(fixture_slot(f, "rex_off.xdp_buff.data") - fixture_slot(f, "rex_cpu"));
    memcpy(load + 3, &distance, sizeof(distance));
}
static void function_falls_through(struct fixture *f)
{
    /* A jump over its return, which the note has, into the padding behind it. */
    Elf64_Sym *canvas = fixture_symbol(f, "canvas");
    fixture_paint(f, "eb24");
    memset(fixture_at(f, canvas->st_value + canvas->st_size), 0x90, 6);
    canvas->st_size += 6;
}
static void last_call_returns(struct fixture *f)
{
    /* fail() calls what comes back instead of rex_panic. */
    uint64_t end = fixture_address(f, "fail") + fixture_symbol(f, "fail")->st_size;
    uint32_t distance = (uint32_t)(fixture_address(f, "__rex_import_bpf_ktime_get_ns") - end);
    memcpy(fixture_at(f, end) - 4, &distance, sizeof(distance));
}
static void relocation_points_into_function(struct fixture *f)
{
    fixture_relocation(f, R_X86_64_RELATIVE, 0)->r_addend += 4;
    *fixture_at(f, fixture_address(f, "table")) += 4;
}
static void relocation_points_to_thunk(struct fixture *f)
{
    uint64_t target = fixture_address(f, "__rex_import_rex_panic");
    fixture_relocation(f, R_X86_64_RELATIVE, 0)->r_addend = (int64_t)target;
    memcpy(fixture_at(f, fixture_address(f, "table")), &target, sizeof(target));
}
static void callee_lacks_endbr(struct fixture *f)
{
    memcpy(fixture_at(f, fixture_address(f, "other")), "\x0f\x1f\x40\x00", 4);
}
static void program_lacks_endbr(struct fixture *f)
{
    memcpy(fixture_at(f, fixture_address(f, "second")), "\x0f\x1f\x40\x00", 4);
}
static void endbr_is_in_prefix(struct fixture *f)
{
    /* The id of a function that no check demands. */
    memcpy(fixture_at(f, fixture_address(f, "other") - 5), "\xb8\xf3\x0f\x1e\xfa", 5);
}
static void endbr_is_in_padding(struct fixture *f)
{
    /* nop dword ptr [rax + 0xfa1e0ff3], between two functions */
    memcpy(fixture_at(f, fixture_address(f, "copy") - 16), "\x0f\x1f\x80\xf3\x0f\x1e\xfa", 7);
}
static void id_is_in_front_of_other(struct fixture *f)
{
    /* copy has the id that the call demands, and nothing takes its address. */
    memcpy(fixture_at(f, fixture_address(f, "copy") - 5), "\xb8\xcd\xab\x34\x12", 5);
}
static void id_is_of_padding(struct fixture *f)
{
    /* mov r10d, -0xcccccccc: any int3 padding would do as a prefix */
    memcpy(find(f, "first", "\x41\xba", 2) + 2, "\x34\x33\x33\x33", 4);
}
static void id_is_demanded_of_entry(struct fixture *f)
{
    memcpy(fixture_at(f, fixture_address(f, "second") - 5), "\xb8\xcd\xab\x34\x12", 5);
}

static void test_elsewhere(void **state)
{
    static const struct {
        enum verify_rule rule;
        const char *what;
        void (*apply)(struct fixture *);
    } cases[] = {
#define CHANGE(rule, function) {VERIFY_##rule, #function, function}
        CHANGE(FUNCTIONS, functions_overlap),
        CHANGE(FUNCTIONS, function_is_empty),
        CHANGE(DECODE, function_ends_in_instruction),
        CHANGE(PADDING, padding_is_code),
        CHANGE(PADDING, padding_is_zero),
        CHANGE(PADDING, prefix_is_loose),
        CHANGE(KCFI_CHECKS, check_compares_elsewhere),
        CHANGE(KCFI_CHECKS, check_has_no_trap),
        CHANGE(KCFI_CHECKS, branch_leads_into_check),
        CHANGE(KCFI_CHECKS, branch_skips_check),
        CHANGE(THUNKS, thunk_uses_other_slot),
        CHANGE(THUNKS, thunk_has_other_bytes),
        CHANGE(THUNKS, thunk_has_company),
        CHANGE(THUNKS, return_thunk_is_renamed),
        CHANGE(GS_ACCESSES, gs_field_is_not_visible),
        CHANGE(GS_ACCESSES, gs_field_reaches_beyond),
        CHANGE(GS_ACCESSES, gs_field_is_before),
        CHANGE(GS_ACCESSES, gs_address_is_overwritten),
        CHANGE(GS_ACCESSES, gs_has_other_base),
        CHANGE(GS_ACCESSES, gs_stores_constant),
        CHANGE(GS_ACCESSES, gs_stores_register),
        CHANGE(GS_ACCESSES, gs_adds),
        CHANGE(GS_ACCESSES, gs_slot_is_of_other_import),
        CHANGE(FALL_THROUGH, function_falls_through),
        CHANGE(FALL_THROUGH, last_call_returns),
        CHANGE(ADDRESSES, relocation_points_into_function),
        CHANGE(ADDRESSES, relocation_points_to_thunk),
        CHANGE(ENDBR, callee_lacks_endbr),
        CHANGE(ENDBR, program_lacks_endbr),
        CHANGE(ENDBR, endbr_is_in_prefix),
        CHANGE(ENDBR, endbr_is_in_padding),
        CHANGE(KCFI_IDS, id_is_in_front_of_other),
        CHANGE(KCFI_IDS, id_is_of_padding),
        CHANGE(KCFI_IDS, id_is_demanded_of_entry),
    };
    bool right = true;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct fixture fixture;
        fixture_open(&good, &fixture);
        cases[i].apply(&fixture);
        right = fixture_expect(&fixture, VERIFY_UNSIGNED, cases[i].rule, cases[i].what) && right;
        fixture_close(&fixture);
    }
    assert_true(right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_instructions),
        cmocka_unit_test(test_allowed_instructions),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_elsewhere),
    };
    return cmocka_run_group_tests(tests, make_good, free_good);
}
