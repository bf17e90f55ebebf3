/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The programs of bench_kernel.rs as eBPF programs; a tail call stands where those recurse. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct locked {
    struct bpf_spin_lock lock;
    __u32 count;
};

#define MAP(name, map_type, entries, key_type, value_type)                                         \
    struct {                                                                                       \
        __uint(type, map_type);                                                                    \
        __uint(max_entries, entries);                                                              \
        __type(key, key_type);                                                                     \
        __type(value, value_type);                                                                 \
    } name SEC(".maps")

MAP(ARRAY, BPF_MAP_TYPE_ARRAY, 4, __u32, __u64);
MAP(HASH, BPF_MAP_TYPE_HASH, 16, __u32, __u64);
MAP(LOCKED, BPF_MAP_TYPE_ARRAY, 1, __u32, struct locked);
MAP(DEPTH, BPF_MAP_TYPE_ARRAY, 1, __u32, __u32);
MAP(LEFT, BPF_MAP_TYPE_ARRAY, 1, __u32, __u32);

SEC("xdp")
int empty(struct xdp_md *ctx)
{
    return XDP_PASS;
}

SEC("xdp")
int array(struct xdp_md *ctx)
{
    __u32 key = 1;
    __u64 *count = bpf_map_lookup_elem(&ARRAY, &key);
    if (count)
        *count += 1;
    return XDP_PASS;
}

SEC("xdp")
int hash(struct xdp_md *ctx)
{
    __u32 key = 1;
    __u64 *count = bpf_map_lookup_elem(&HASH, &key);
    if (count)
        *count += 1;
    return XDP_PASS;
}

SEC("xdp")
int lock(struct xdp_md *ctx)
{
    __u32 key = 0;
    struct locked *entry = bpf_map_lookup_elem(&LOCKED, &key);
    if (entry) {
        bpf_spin_lock(&entry->lock);
        entry->count += 1;
        bpf_spin_unlock(&entry->lock);
    }
    return XDP_PASS;
}

int step(struct xdp_md *ctx);

struct {
    __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __array(values, int(struct xdp_md *));
} STEPS SEC(".maps") = {.values = {[0] = step}};

SEC("xdp")
int step(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u32 *left = bpf_map_lookup_elem(&LEFT, &key);
    if (left && *left > 0) {
        *left -= 1;
        bpf_tail_call(ctx, &STEPS, 0);
    }
    return XDP_PASS;
}

SEC("xdp")
int recursion(struct xdp_md *ctx)
{
    __u32 key = 0;
    __u32 *depth = bpf_map_lookup_elem(&DEPTH, &key);
    __u32 *left = bpf_map_lookup_elem(&LEFT, &key);
    if (depth && left) {
        *left = *depth;
        if (*left > 0) {
            *left -= 1;
            bpf_tail_call(ctx, &STEPS, 0);
        }
    }
    return XDP_PASS;
}

char LICENSE[] SEC("license") = "GPL";
