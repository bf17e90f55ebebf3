/* SPDX-License-Identifier: Apache-2.0 */
/* Imports of xdp and tc programs. */
#include "runtime/user/cpu.h"
#include "runtime/user/host.h"
#include "runtime/user/runtime.h"
#include "runtime/user/session.h"

#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>

int64_t host_bpf_xdp_adjust_tail(struct xdp_buff *xdp, int64_t delta)
{
    return packet_adjust_tail(xdp, delta);
}

/* Every interface but number 0 is there. The clone goes to the output capture, in front of the
 * packet itself. */
int64_t host_bpf_clone_redirect(struct sk_buff *skb, uint64_t ifindex, uint64_t flags)
{
    struct cpu *cpu = cpu_current();

    if ((flags & ~(uint64_t)BPF_F_INGRESS) || (uint32_t)ifindex == 0)
        return -EINVAL;
    /* It may run programs that want the same lock (rex_abi.h). */
    if (cleanup_holds_kind(&cpu->cleanup, REX_CLEANUP_SPIN_LOCK))
        return -EBUSY;
    (void)skb; /* the packet that the CPU serves */
    cpu->clones++;
    session_clone(cpu);
    return 0;
}

/* skb_ensure_writable(): the head is always private here; what is not in memory cannot be pulled
 * in. */
int64_t host_rex_skb_writable(struct sk_buff *skb, uint64_t length)
{
    if (cleanup_holds_kind(&cpu_current()->cleanup, REX_CLEANUP_SPIN_LOCK))
        return -EBUSY;
    return length > skb->len - skb->data_len ? -ENOMEM : 0;
}
