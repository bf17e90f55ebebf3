// SPDX-License-Identifier: Apache-2.0
/* race FILE PROGRAM SECONDS, or up to a minute more: two processes load the object, run it and
 * close it, while two others look at whatever objects there are and unload them. What fails because
 * somebody else was faster may fail. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <librex.h>
#include <rex/rex_ioctl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PROCESSES = 4 };

static struct counts {
    unsigned long loaded, bad, unloaded, looked;
} * counts;

static void ignore(void *data, enum rex_log_level level, const char *message)
{
    (void)data;
    (void)level;
    (void)message;
}

static void load(const char *file, const char *name, struct counts *mine)
{
    struct rex_open_options options = {.size = sizeof(options), .log = ignore};
    struct rex_object *object = rex_object__open(file, &options);
    unsigned char packet[64] = {0};
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet),
                .repeat = 50);

    if (!object || rex_object__load(object, NULL) < 0) {
        rex_object__close(object);
        return;
    }
    struct bpf_program *program = rex_object__find_program(object, name);
    mine->loaded++;
    /* Whoever has unloaded it has made it a program that passes packets on. */
    if (bpf_prog_test_run_opts(bpf_program__fd(program), &run) < 0 || run.retval != 2)
        mine->bad++;
    rex_object__close(object);
}

static void unload(int device, struct counts *mine)
{
    uint32_t id = 0;

    while (ioctl(device, REX_IOC_NEXT, &id) == 0) {
        struct rex_ioc_program_info info = {.object = id};
        uint32_t victim = id;
        mine->looked += rex_device__program_info(device, &info) == 0;
        mine->unloaded += ioctl(device, REX_IOC_UNLOAD, &victim) == 0;
    }
}

/* Whether it has come to what is to be tried: on a busy computer that takes its time. */
static bool has_raced(void)
{
    unsigned long loaded = 0, unloaded = 0;

    for (int i = 0; i < PROCESSES; i++) {
        loaded += __atomic_load_n(&counts[i].loaded, __ATOMIC_RELAXED);
        unloaded += __atomic_load_n(&counts[i].unloaded, __ATOMIC_RELAXED);
    }
    return loaded > 0 && unloaded > 0;
}

static void work(int process, char **argv)
{
    const time_t end = time(NULL) + atoi(argv[3]);
    int device = rex_device__open();

    while (device >= 0 && (time(NULL) < end || (time(NULL) < end + 60 && !has_raced()))) {
        if (process % 2 == 0)
            load(argv[1], argv[2], &counts[process]);
        else
            unload(device, &counts[process]);
    }
    _exit(device < 0);
}

int main(int argc, char **argv)
{
    struct counts all = {0};
    int status = 0;

    counts = mmap(NULL, sizeof(*counts) * PROCESSES, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (argc != 4 || counts == MAP_FAILED)
        return 2;
    libbpf_set_print(NULL);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0)
            work(i, argv);
    }
    for (int ended; wait(&ended) > 0;)
        status |= ended;
    for (int i = 0; i < PROCESSES; i++) {
        all.loaded += counts[i].loaded;
        all.bad += counts[i].bad;
        all.unloaded += counts[i].unloaded;
        all.looked += counts[i].looked;
    }
    printf("%lu loaded, %lu unloaded by others, %lu looked at, %lu returned something else\n",
           all.loaded, all.unloaded, all.looked, all.bad);
    return status != 0 || all.loaded == 0 || all.unloaded == 0 || all.bad != 0;
}
