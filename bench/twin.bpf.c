/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The xdp template's program as eBPF: the baseline for build time. */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

struct kind {
    __u16 ethertype;
    __u16 protocol;
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 64);
    __type(key, struct kind);
    __type(value, __u64);
} packets SEC(".maps");

#define CLOSED_PORT 5353

SEC("xdp")
int filter(struct xdp_md *ctx)
{
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *ethernet = data;
    struct kind kind = {};

    if ((void *)(ethernet + 1) > end)
        return XDP_PASS;
    kind.ethertype = bpf_ntohs(ethernet->h_proto);
    struct iphdr *ip = (void *)(ethernet + 1);
    if (kind.ethertype == 0x0800) {
        if ((void *)(ip + 1) > end)
            return XDP_PASS;
        kind.protocol = ip->protocol;
    } else if (kind.ethertype == 0x86dd) {
        struct ipv6hdr *ip6 = (void *)(ethernet + 1);
        if ((void *)(ip6 + 1) > end)
            return XDP_PASS;
        kind.protocol = ip6->nexthdr;
    }
    __u64 one = 1, *count = bpf_map_lookup_elem(&packets, &kind);
    if (count)
        __sync_fetch_and_add(count, 1);
    else
        bpf_map_update_elem(&packets, &kind, &one, BPF_ANY);
    if (kind.ethertype == 0x0800 && kind.protocol == 17 && !(bpf_ntohs(ip->frag_off) & 0x1fff)) {
        struct udphdr *udp = (void *)ip + ip->ihl * 4;
        if ((void *)(udp + 1) <= end && bpf_ntohs(udp->dest) == CLOSED_PORT)
            return XDP_DROP;
    }
    return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
