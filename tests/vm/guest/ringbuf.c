// SPDX-License-Identifier: Apache-2.0
/* ringbuf PIN [drain]: prints the two numbers of the first record that comes within two minutes; or
 * takes out all that comes, until it is killed: a record that nobody submitted or discarded stops
 * it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int print(void *context, void *data, size_t size)
{
    uint64_t pair[2];

    if (!context)
        return 0;
    if (size != sizeof(pair))
        return -1;
    memcpy(pair, data, sizeof(pair));
    printf("%" PRIu64 " %" PRIu64 "\n", pair[0], pair[1]);
    *(int *)context = 1;
    return 0;
}

int main(int argc, char **argv)
{
    int done = 0, drain = argc == 3 && strcmp(argv[2], "drain") == 0;
    int map = argc >= 2 ? bpf_obj_get(argv[1]) : -1;
    struct ring_buffer *ring =
        map < 0 ? NULL : ring_buffer__new(map, print, drain ? NULL : &done, NULL);

    if (!ring) {
        perror("ringbuf");
        return 1;
    }
    for (int i = 0; (drain || i < 1200) && !done; i++) {
        if (drain) { /* discarded records wake nobody */
            ring_buffer__consume(ring);
            usleep(1000);
        } else {
            ring_buffer__poll(ring, 100);
        }
    }
    ring_buffer__free(ring);
    return !done;
}
