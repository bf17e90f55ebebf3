// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Puts what goes to or comes from 198.51.100.0/24 into VLAN 42, as a switch port would: kernels
 * without VLAN devices can record tagged traffic, too. Attached with tc to the interface that is
 * recorded. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define VLAN 42
#define NETWORK bpf_htonl(0xc6336400) /* 198.51.100.0 */
#define NETMASK bpf_htonl(0xffffff00)

SEC("tc/push")
int push(struct __sk_buff *skb)
{
    __u32 target = 0;
    /* iphdr.daddr; the target's address of an ARP packet */
    __u32 offset = skb->protocol == bpf_htons(ETH_P_IP) ? ETH_HLEN + 16 : ETH_HLEN + 24;

    if ((skb->protocol == bpf_htons(ETH_P_IP) || skb->protocol == bpf_htons(ETH_P_ARP)) &&
        bpf_skb_load_bytes(skb, offset, &target, sizeof(target)) == 0 &&
        (target & NETMASK) == NETWORK)
        bpf_skb_vlan_push(skb, bpf_htons(ETH_P_8021Q), VLAN);
    return TC_ACT_OK;
}

SEC("tc/pop")
int pop(struct __sk_buff *skb)
{
    if (skb->vlan_present)
        bpf_skb_vlan_pop(skb);
    return TC_ACT_OK;
}

char vlan_license[] SEC("license") = "Dual BSD/GPL";
