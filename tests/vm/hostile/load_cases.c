/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_cases CASES PART PARTS BASE.rex...
 *
 * In a test machine: loads those cases of the file that are PART modulo PARTS into the kernel, each
 * with the maps of its base object, and unloads what was loaded. Prints "loaded NUMBER" for each
 * that was, and at the end how many were refused with which code of rexc's, or error number.
 */
#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_ioctl.h"
#include "tests/vm/hostile/cases.h"
#include "tests/vm/hostile/fail.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAPS_MAX 16
#define REASONS_MAX 256

struct base {
    uint8_t *data;
    size_t size;
    int maps[MAPS_MAX];
    uint32_t map_count;
};

struct reason {
    char text[16];
    unsigned count;
};

static void get(FILE *file, void *bytes, size_t size)
{
    if (size > 0 && fread(bytes, size, 1, file) != 1)
        fail("reading");
}

static int create_map(const struct rex_map_definition *definition)
{
    union bpf_attr attr = {
        .map_type = definition->type,
        .key_size = definition->key_size,
        .value_size = definition->value_size,
        .max_entries = definition->max_entries,
        .map_flags = definition->flags,
    };
    int map = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr));
    if (map < 0)
        fail("map");
    return map;
}

/* Bases are good objects: nothing is checked. */
static struct base read_base(const char *path)
{
    struct base base = {0};
    FILE *file = fopen(path, "rb");

    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    base.size = (size_t)ftell(file);
    base.data = allocate(base.size);
    rewind(file);
    get(file, base.data, base.size);
    fclose(file);
    const Elf64_Ehdr *header = (const void *)base.data;
    const Elf64_Shdr *sections = (const void *)(base.data + header->e_shoff);
    const char *names = (const char *)base.data + sections[header->e_shstrndx].sh_offset;
    for (unsigned i = 1; i < header->e_shnum; i++) {
        const struct rex_map_definition *maps = (const void *)(base.data + sections[i].sh_offset);
        if (strcmp(names + sections[i].sh_name, ".maps") != 0)
            continue;
        for (; base.map_count < sections[i].sh_size / sizeof(*maps); base.map_count++)
            base.maps[base.map_count] = create_map(&maps[base.map_count]);
    }
    return base;
}

static void count_refusal(struct reason *reasons, const char *message, int error)
{
    char text[sizeof(reasons->text)];
    unsigned i = 0;

    if (strncmp(message, "REX", 3) == 0)
        snprintf(text, sizeof(text), "%.7s", message);
    else
        snprintf(text, sizeof(text), "errno %d", error);
    while (i < REASONS_MAX - 1 && reasons[i].count > 0 && strcmp(reasons[i].text, text) != 0)
        i++;
    memcpy(reasons[i].text, text, sizeof(text));
    reasons[i].count++;
}

static void load(int device, const struct case_head *head, const struct base *base,
                 const uint8_t *bytes, struct reason *reasons)
{
    char message[REX_MESSAGE_SIZE] = "";
    struct rex_ioc_load request = {
        .file = (uintptr_t)bytes,
        .file_size = head->size,
        .map_fds = (uintptr_t)base->maps,
        .map_count = base->map_count,
        .message = (uintptr_t)message,
        .message_size = sizeof(message),
    };
    int object = ioctl(device, REX_IOC_LOAD, &request);

    if (object < 0) {
        count_refusal(reasons, message, errno);
        return;
    }
    printf("loaded %u\n", head->number);
    if (ioctl(device, REX_IOC_UNLOAD, &request.id) < 0)
        fail("unload");
    close(object);
}

int main(int argc, char **argv)
{
    static struct reason reasons[REASONS_MAX];
    struct base bases[BASES_MAX];
    struct case_head head;

    if (argc < 5 || argc - 4 > BASES_MAX) {
        fputs("usage: load_cases CASES PART PARTS BASE.rex...\n", stderr);
        return 2;
    }
    int device = open(REX_DEVICE, O_RDWR);
    if (device < 0)
        fail(REX_DEVICE);
    FILE *cases = fopen(argv[1], "rb");
    if (!cases)
        fail(argv[1]);
    const unsigned long part = strtoul(argv[2], NULL, 10), parts = strtoul(argv[3], NULL, 10);
    for (int i = 4; i < argc; i++)
        bases[i - 4] = read_base(argv[i]);
    while (fread(&head, sizeof(head), 1, cases) == 1) {
        const struct base *base = &bases[head.base];
        const size_t common = head.size < base->size ? head.size : base->size;
        uint8_t *bytes = allocate(head.size + 1);
        memcpy(bytes, base->data, common);
        for (uint32_t i = 0; i < head.edits; i++) {
            struct case_edit edit;
            get(cases, &edit, sizeof(edit));
            get(cases, bytes + edit.offset, edit.size);
        }
        if (head.number % parts == part)
            load(device, &head, base, bytes, reasons);
        free(bytes);
    }
    for (unsigned i = 0; i < REASONS_MAX && reasons[i].count > 0; i++)
        printf("refused %u %s\n", reasons[i].count, reasons[i].text);
    puts("done");
    return fflush(stdout) == 0 ? 0 : 2;
}
