/* SPDX-License-Identifier: Apache-2.0 */
/* Calls checked functions as a runtime would have it: per-CPU state at gs:[0], thunks, an overflow
 * import. */
#include <asm/prctl.h>
#include <setjmp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

struct big {
    unsigned long a, b, c, d, e;
};
typedef unsigned __int128 wide;
unsigned long by_value(struct big x, unsigned y);
struct big returned(unsigned long y);
struct big both(struct big x, unsigned long a, unsigned long b, unsigned long c, unsigned long d,
                unsigned long e, unsigned long f, unsigned long g, struct big y);
wide pair(wide a, wide b, wide c, wide d);
void nothing(void);
unsigned even(unsigned x);

static struct {
    unsigned long stack_limit;
} cpu;
static jmp_buf out;

__asm__(".globl __x86_return_thunk, __x86_indirect_thunk_r11\n"
        "__x86_return_thunk: ret\n"
        "__x86_indirect_thunk_r11: jmp *%r11\n");

void __rex_import_rex_stack_overflow(void)
{
    longjmp(out, 1);
}

#define EXPECT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            printf("line %d: %s\n", __LINE__, #condition);                                         \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

static int call_all(void)
{
    struct big x = {1, 2, 3, 4, 5}, y = {11, 12, 13, 14, 15};
    EXPECT(by_value(x, 7) == 3);
    struct big r = returned(9);
    EXPECT(r.a == 9 && r.b == 2 && r.e == 5);
    r = both(x, 21, 22, 23, 24, 25, 26, 27, y);
    EXPECT(r.a == 5 && r.b == 11 && r.c == 27 && r.d == 21 && r.e == 26);
    wide d = (wide)0x123456789 << 64 | 42;
    EXPECT(pair(1, 2, 3, d) == d);
    nothing();
    EXPECT(even(0) == 1 && even(1) == 0 && even(2) == 1 && even(7) == 1);
    return 0;
}

/* The needs are 4096: room for a check's function goes from the first limit on, not from the
 * second. */
int main(void)
{
    unsigned long here = (unsigned long)__builtin_frame_address(0);
    if (syscall(SYS_arch_prctl, ARCH_SET_GS, &cpu) != 0)
        return 2;
    cpu.stack_limit = here - 65536;
    if (call_all())
        return 1;
    cpu.stack_limit = here - 2048;
    if (setjmp(out) == 0) {
        nothing();
        puts("an overflow was not seen");
        return 1;
    }
    return 0;
}
