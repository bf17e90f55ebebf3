/* SPDX-License-Identifier: Apache-2.0 */
/*
 * returns ADDRESSES
 *
 * What a function of the kernel returns with, and then what is in the places of the loaded object's
 * returns, a line for each: "ret", "jump SYMBOL", or other bytes. The file has image addresses in
 * hexadecimal, first that of __x86_return_thunk, then those of the returns. All text is read
 * through /proc/kcore.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

struct symbol {
    unsigned long long address;
    char name[400];
};

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), wanted = strlen(end);
    return length >= wanted && strcmp(text + length - wanted, end) == 0;
}

/* The first symbol that ends so, or, without an end, that has the address; ends the program when
 * there is none. */
static struct symbol find_symbol(const char *end, uint64_t address)
{
    FILE *file = fopen("/proc/kallsyms", "r");
    struct symbol symbol;
    char line[512];

    if (!file)
        fail("/proc/kallsyms");
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%llx %*c %399s", &symbol.address, symbol.name) == 2 &&
            (end ? ends_with(symbol.name, end) : symbol.address == address)) {
            fclose(file);
            return symbol;
        }
    }
    fprintf(stderr, "no symbol %s at %llx\n", end ? end : "", (unsigned long long)address);
    exit(1);
}

static void read_text(int core, uint64_t address, void *bytes, size_t size)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;

    if (pread(core, &header, sizeof(header), 0) != sizeof(header))
        fail("/proc/kcore");
    for (int i = 0; i < header.e_phnum; i++) {
        if (pread(core, &segment, sizeof(segment), (off_t)(header.e_phoff + i * sizeof(segment))) !=
            sizeof(segment))
            fail("/proc/kcore");
        if (segment.p_type == PT_LOAD && address >= segment.p_vaddr &&
            address - segment.p_vaddr < segment.p_memsz &&
            pread(core, bytes, size, (off_t)(segment.p_offset + (address - segment.p_vaddr))) ==
                (ssize_t)size)
            return;
    }
    fprintf(stderr, "%llx is not in /proc/kcore\n", (unsigned long long)address);
    exit(1);
}

static void print_return(int core, uint64_t address)
{
    uint8_t code[5];
    int32_t distance;

    read_text(core, address, code, sizeof(code));
    memcpy(&distance, code + 1, sizeof(distance));
    if (memcmp(code, "\xc3\xcc\xcc\xcc\xcc", sizeof(code)) == 0)
        puts("ret");
    else if (code[0] == 0xe9)
        printf("jump %s\n",
               find_symbol(NULL, address + sizeof(code) + (uint64_t)(int64_t)distance).name);
    else
        printf("%02x %02x %02x %02x %02x\n", code[0], code[1], code[2], code[3], code[4]);
}

/* sys_ni_syscall() is `mov rax, -ENOSYS` and a return. */
static uint64_t kernel_return(int core)
{
    static const uint8_t mov[] = {0x48, 0xc7, 0xc0, 0xda, 0xff, 0xff, 0xff};
    uint64_t start = find_symbol("sys_ni_syscall", 0).address;
    uint8_t code[32];

    read_text(core, start, code, sizeof(code));
    const uint8_t *found = memmem(code, sizeof(code), mov, sizeof(mov));
    if (!found) {
        fputs("sys_ni_syscall() looks different here\n", stderr);
        exit(1);
    }
    return start + (uint64_t)(found - code) + sizeof(mov);
}

int main(int argc, char **argv)
{
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    int core = open("/proc/kcore", O_RDONLY);
    unsigned long long thunk, site;

    if (!list || core < 0 || fscanf(list, "%llx", &thunk) != 1)
        fail("returns");
    print_return(core, kernel_return(core));
    uint64_t base = find_symbol("::__x86_return_thunk", 0).address - thunk;
    while (fscanf(list, "%llx", &site) == 1)
        print_return(core, base + site);
    return 0;
}
