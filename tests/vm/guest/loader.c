// SPDX-License-Identifier: Apache-2.0
/* loader FILE PROGRAM: librex's and libbpf's functions on an XDP object: loads it, runs the program
 * by test_run, attaches it to lo and detaches it; says what it finds. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <librex.h>
#include <net/if.h>
#include <rex/rex_ioctl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int failed(const char *what)
{
    perror(what);
    return 1;
}

static int use(struct rex_object *object, const char *name)
{
    unsigned char packet[64] = {0};
    LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = packet, .data_size_in = sizeof(packet),
                .repeat = 100);
    struct rex_ioc_program_info program = {.program = 0};
    uint32_t id;

    if (rex_object__load(object, NULL) < 0)
        return failed("rex_object__load");
    if (rex_object__load(object, NULL) != -EBUSY || rex_object__id(object, &id) < 0)
        return failed("second rex_object__load");
    struct bpf_program *found = rex_object__find_program(object, name);
    if (!found || rex_object__find_program(object, "nobody") || errno != ENOENT)
        return failed("rex_object__find_program");
    if (!rex_object__find_map(object, "COUNTS") || rex_object__find_map(object, "NOTHING"))
        return failed("rex_object__find_map");
    if (bpf_prog_test_run_opts(bpf_program__fd(found), &run) < 0)
        return failed("bpf_prog_test_run_opts");
    struct bpf_link *link = bpf_program__attach_xdp(found, (int)if_nametoindex("lo"));
    if (!link || bpf_link__destroy(link) < 0)
        return failed("bpf_program__attach_xdp");
    int device = rex_device__open();
    program.object = id;
    if (device < 0 || rex_device__program_info(device, &program) < 0)
        return failed("rex_device__program_info");
    printf("%s returned %u, ran %llu times\n", program.name, run.retval,
           (unsigned long long)program.runs);
    close(device);
    return program.runs >= 100 && run.retval == 2 /* XDP_PASS */ ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    if (rex_object__open("/etc/passwd", NULL) || errno != EINVAL ||
        rex_object__open("/none", NULL) || errno != ENOENT)
        return failed("rex_object__open of no object");
    struct rex_object *object = rex_object__open(argv[1], NULL);
    if (!object)
        return failed("rex_object__open");
    int status = use(object, argv[2]);
    rex_object__close(object);
    return status;
}
