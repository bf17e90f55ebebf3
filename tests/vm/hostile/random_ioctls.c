/* SPDX-License-Identifier: Apache-2.0 */
/*
 * random_ioctls SEED COUNT BASE.rex
 *
 * In a test machine: calls the device with random commands and arguments from several threads at a
 * time, which share its descriptors and those of the objects that get loaded. A part of each
 * argument is right often enough to get far. Whatever was bound is run. Prints how many calls there
 * were of each kind, and how many of them succeeded.
 */
#include "runtime/abi/rex_abi.h"
#include "runtime/abi/rex_ioctl.h"
#include "tests/vm/hostile/fail.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define THREADS 3
#define OBJECTS 8
#define STUBS 4
#define MAPS_MAX 16

static const char *const kinds[] = {"version",     "certificate",  "load",   "next",
                                    "object-info", "program-info", "unload", "bind",
                                    "command",     "run",          "close",  "fork"};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static struct {
    int device;
    uint8_t *file;
    size_t file_size;
    int maps[MAPS_MAX];
    uint32_t map_count;
    atomic_int objects[OBJECTS]; /* descriptors of loaded objects, -1 */
    atomic_int stubs[STUBS];
    atomic_ulong calls[KINDS], successes[KINDS];
    unsigned long count;
    void *hole; /* an address at which nothing is mapped, behind a page that is */
} shared;

static uint64_t next(uint64_t *state)
{
    uint64_t value = *state += 0x9e3779b97f4a7c15u;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static bool one_in(uint64_t *state, unsigned chances)
{
    return next(state) % chances == 0;
}

/* A number that is mostly small. */
static uint64_t number(uint64_t *state)
{
    return one_in(state, 8) ? next(state) : next(state) % 24;
}

/* One of the members may be anything, now and then. */
static void spoil(uint64_t *state, void *argument, size_t size)
{
    uint32_t *words = argument;

    if (one_in(state, 3))
        words[next(state) % (size / sizeof(*words))] =
            one_in(state, 2) ? (uint32_t)next(state) : ~0u;
}

/* Where an argument is: mostly where it should be. */
static void *place(uint64_t *state, void *argument)
{
    switch (next(state) % 24) {
    case 0:
        return NULL;
    case 1:
        return (char *)shared.hole - 4; /* the rest of it cannot be read */
    case 2:
        return (void *)(uintptr_t)next(state);
    case 3:
        return (void *)0xffff888000001000; /* the kernel's own memory */
    default:
        return argument;
    }
}

static int bpf(int command, union bpf_attr *attr)
{
    return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

/* An eBPF program that returns 0. */
static int make_stub(uint64_t *state)
{
    static const struct bpf_insn code[] = {{.code = BPF_ALU64 | BPF_MOV | BPF_K},
                                           {.code = BPF_JMP | BPF_EXIT}};
    union bpf_attr attr = {
        .prog_type = one_in(state, 4) ? BPF_PROG_TYPE_SCHED_CLS : BPF_PROG_TYPE_XDP,
        .insn_cnt = 2,
        .insns = (uintptr_t)code,
        .license = (uintptr_t) "GPL",
    };
    return bpf(BPF_PROG_LOAD, &attr);
}

static void run_stub(int stub)
{
    static const unsigned char packet[64];
    union bpf_attr attr = {.test = {.prog_fd = (uint32_t)stub,
                                    .data_in = (uintptr_t)packet,
                                    .data_size_in = 64,
                                    .repeat = 3}};
    bpf(BPF_PROG_TEST_RUN, &attr);
}

/* Puts a descriptor among those that threads share, in the place of another. */
static void keep(atomic_int *place, int descriptor)
{
    int old = atomic_exchange(place, descriptor);
    if (old >= 0)
        close(old);
}

static int load(uint64_t *state)
{
    char message[REX_MESSAGE_SIZE];
    struct rex_ioc_load request = {
        .file = (uintptr_t)shared.file,
        .map_fds = (uintptr_t)shared.maps,
        .message = one_in(state, 2) ? (uintptr_t)message : 0,
        .file_size = (uint32_t)shared.file_size,
        .map_count = shared.map_count,
        .message_size = (uint32_t)(one_in(state, 2) ? number(state) : sizeof(message)) & 0x1ff,
        .timeout_ms = (uint32_t)number(state),
        .flags = (uint32_t)(next(state) % 3),
    };

    spoil(state, &request, sizeof(request));
    int result = ioctl(shared.device, REX_IOC_LOAD, place(state, &request));
    if (result >= 0)
        keep(&shared.objects[next(state) % OBJECTS], result);
    return result;
}

static int bind_stub(uint64_t *state)
{
    const unsigned slot = (unsigned)(next(state) % STUBS);
    int stub = atomic_load(&shared.stubs[slot]);
    struct rex_ioc_bind request = {.program = (uint32_t)one_in(state, 4)};
    int object = -1;

    /* One that is there, if any is. */
    for (int i = 0; i < OBJECTS && object < 0; i++)
        object = atomic_load(&shared.objects[next(state) % OBJECTS]);
    if (stub < 0 || one_in(state, 2)) {
        stub = make_stub(state);
        keep(&shared.stubs[slot], stub);
    }
    request.prog_fd = one_in(state, 16) ? (int)number(state) : stub;
    if (one_in(state, 4))
        spoil(state, &request, sizeof(request));
    return ioctl(object, REX_IOC_BIND, place(state, &request));
}

static int certificate(uint64_t *state)
{
    struct rex_ioc_certificate request = {.data = (uintptr_t)shared.file,
                                          .size = (uint32_t)(next(state) % shared.file_size)};
    spoil(state, &request, sizeof(request));
    return ioctl(shared.device, REX_IOC_CERTIFICATE, place(state, &request));
}

/* A command of any number, but for the one that would end the trust in the base's signer for good.
 */
static int command(uint64_t *state)
{
    uint64_t argument[64];
    unsigned long request =
        one_in(state, 2) ? _IOC(next(state) & 3, 'R', next(state) & 0x1f, next(state) & 0x1ff)
                         : next(state) & 0xffffffff;
    for (size_t i = 0; i < sizeof(argument) / sizeof(argument[0]); i++)
        argument[i] = number(state);
    int descriptor =
        one_in(state, 2) ? shared.device : atomic_load(&shared.objects[next(state) % OBJECTS]);
    if (request == REX_IOC_SEAL || descriptor < 3)
        return -1;
    return ioctl(descriptor, request, place(state, argument));
}

static int call(uint64_t *state, unsigned kind)
{
    struct rex_ioc_version version;
    struct rex_ioc_object_info object = {.id = (uint32_t)number(state)};
    struct rex_ioc_program_info program = {.object = (uint32_t)number(state),
                                           .program = (uint32_t)(next(state) % 3)};
    uint32_t id = (uint32_t)number(state);

    switch (kind) {
    case 0:
        return ioctl(shared.device, REX_IOC_VERSION, place(state, &version));
    case 1:
        return certificate(state);
    case 2:
        return load(state);
    case 3:
        return ioctl(shared.device, REX_IOC_NEXT, place(state, &id));
    case 4:
    case 5:
        /* One that exists. */
        ioctl(shared.device, REX_IOC_NEXT, &id);
        object.id = program.object = id;
        spoil(state, &object, 4);
        spoil(state, &program, 8);
        return kind == 4 ? ioctl(shared.device, REX_IOC_OBJECT_INFO, place(state, &object))
                         : ioctl(shared.device, REX_IOC_PROGRAM_INFO, place(state, &program));
    case 6:
        ioctl(shared.device, REX_IOC_NEXT, &id);
        return ioctl(shared.device, REX_IOC_UNLOAD, place(state, &id));
    case 7:
        return bind_stub(state);
    case 8:
        return command(state);
    case 9:
        run_stub(atomic_load(&shared.stubs[next(state) % STUBS]));
        return 0;
    case 10:
        keep(one_in(state, 2) ? &shared.objects[next(state) % OBJECTS]
                              : &shared.stubs[next(state) % STUBS],
             -1);
        return 0;
    default: /* a second process has the descriptors for a while */
        if (!one_in(state, 16))
            return -1;
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        return child > 0 ? 0 : -1;
    }
}

static void *work(void *seed)
{
    uint64_t state = (uintptr_t)seed << 32;

    for (unsigned long i = 0; i < shared.count / THREADS; i++) {
        const unsigned kind = (unsigned)(next(&state) % KINDS);
        atomic_fetch_add(&shared.calls[kind], 1);
        if (call(&state, kind) >= 0)
            atomic_fetch_add(&shared.successes[kind], 1);
    }
    return NULL;
}

static void read_base(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (!file || fseek(file, 0, SEEK_END) != 0)
        fail(path);
    shared.file_size = (size_t)ftell(file);
    shared.file = malloc(shared.file_size);
    rewind(file);
    if (!shared.file || fread(shared.file, shared.file_size, 1, file) != 1)
        fail(path);
    fclose(file);
    /* It is a good object: nothing is checked. */
    const Elf64_Ehdr *header = (const void *)shared.file;
    const Elf64_Shdr *sections = (const void *)(shared.file + header->e_shoff);
    const char *names = (const char *)shared.file + sections[header->e_shstrndx].sh_offset;
    for (unsigned i = 1; i < header->e_shnum; i++) {
        const struct rex_map_definition *maps = (const void *)(shared.file + sections[i].sh_offset);
        if (strcmp(names + sections[i].sh_name, ".maps") != 0)
            continue;
        for (; shared.map_count < sections[i].sh_size / sizeof(*maps); shared.map_count++) {
            const struct rex_map_definition *map = &maps[shared.map_count];
            union bpf_attr attr = {.map_type = map->type,
                                   .key_size = map->key_size,
                                   .value_size = map->value_size,
                                   .max_entries = map->max_entries,
                                   .map_flags = map->flags};
            shared.maps[shared.map_count] = bpf(BPF_MAP_CREATE, &attr);
            if (shared.maps[shared.map_count] < 0)
                fail("map");
        }
    }
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];

    if (argc != 4) {
        fputs("usage: random_ioctls SEED COUNT BASE.rex\n", stderr);
        return 2;
    }
    const uintptr_t seed = strtoul(argv[1], NULL, 10);
    shared.count = strtoul(argv[2], NULL, 10);
    shared.device = open(REX_DEVICE, O_RDWR);
    if (shared.device < 0)
        fail(REX_DEVICE);
    read_base(argv[3]);
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || munmap(pages + 4096, 4096) != 0)
        fail("memory");
    shared.hole = pages + 4096;
    for (int i = 0; i < OBJECTS; i++)
        shared.objects[i] = -1;
    for (int i = 0; i < STUBS; i++)
        shared.stubs[i] = -1;
    for (uintptr_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, (void *)(seed * THREADS + i)) != 0)
            fail("thread");
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < OBJECTS; i++)
        keep(&shared.objects[i], -1);
    for (int i = 0; i < STUBS; i++)
        keep(&shared.stubs[i], -1);
    for (unsigned i = 0; i < KINDS; i++)
        printf("%s %lu, %lu of them done\n", kinds[i], shared.calls[i], shared.successes[i]);
    /* The module collects what nobody holds within a second. */
    uint32_t id = 0;
    for (int i = 0; i < 100 && ioctl(shared.device, REX_IOC_NEXT, &id) == 0; i++, id = 0)
        usleep(100000);
    if (ioctl(shared.device, REX_IOC_NEXT, &id) == 0) {
        fprintf(stderr, "object %u is still there\n", id);
        return 1;
    }
    return 0;
}
