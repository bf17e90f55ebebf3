// SPDX-License-Identifier: Apache-2.0
/* locked PIN: takes the lock in element 0 of an array, as bpf(2) does, and prints the element's
 * first number. */
#include <bpf/bpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    struct bpf_map_info info = {0};
    uint32_t key = 0, size = sizeof(info);
    uint64_t value[32] = {0};
    int map = argc == 2 ? bpf_obj_get(argv[1]) : -1;

    if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size) < 0 ||
        info.value_size > sizeof(value) ||
        bpf_map_lookup_elem_flags(map, &key, value, BPF_F_LOCK) < 0) {
        perror("locked");
        return 1;
    }
    printf("%" PRIu64 "\n", value[0]);
    return 0;
}
