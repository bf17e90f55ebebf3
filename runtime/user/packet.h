/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A packet as xdp and tc programs see it, made from a captured frame.
 *
 * Room around the data is the kernel's: XDP_PACKET_HEADROOM bytes in front, and behind it what is
 * left of a page (more for frames that do not fit one) before the 320 bytes of struct
 * skb_shared_info.
 *
 * A frame that the capture cut short has only its captured bytes in memory. An xdp program sees
 * just these; a tc program sees sk_buff.len as on the wire and the missing bytes in data_len, like
 * the paged part of a non-linear skb, which here cannot be pulled in. For tc the outermost VLAN tag
 * is in vlan_proto and vlan_tci and not in the data, as on ingress in the kernel, and is put back
 * on output.
 */
#ifndef REXC_RUNTIME_USER_PACKET_H
#define REXC_RUNTIME_USER_PACKET_H

#include "runtime/user/structures.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_HEADROOM 256u /* XDP_PACKET_HEADROOM */
#define PACKET_TAILROOM 320u /* SKB_DATA_ALIGN(sizeof(struct skb_shared_info)) */

/* One captured frame. */
struct frame {
    const uint8_t *data;
    uint32_t captured; /* bytes at data */
    uint32_t length;   /* on the wire; at least captured */
    uint64_t time;     /* nanoseconds since the epoch */
};

struct packet {
    uint8_t *buffer;
    size_t capacity;
    uint8_t *tagged;  /* packet_of_tc()'s result, when it has a VLAN tag */
    uint32_t missing; /* bytes of the frame that were not captured */
    struct net_device device;
    struct xdp_rxq_info queue;
    struct xdp_buff xdp;
    struct sk_buff skb;
};

/* The interface that every packet comes from. */
#define PACKET_IFINDEX 1

/* Fill the packet from a frame, growing the buffer; the result is the program's context. NULL when
 * memory ran out. */
struct xdp_buff *packet_for_xdp(struct packet *packet, const struct frame *frame);
struct sk_buff *packet_for_tc(struct packet *packet, const struct frame *frame);
/* What has become of it, valid until the next call; time is the original frame's. packet_of_tc()
 * returns -1 when memory ran out. */
void packet_of_xdp(const struct packet *packet, const struct frame *original, struct frame *result);
int packet_of_tc(struct packet *packet, const struct frame *original, struct frame *result);
void packet_free(struct packet *packet);

/* bpf_xdp_adjust_tail(): 0 or -EINVAL. */
int64_t packet_adjust_tail(struct xdp_buff *xdp, int64_t delta);

#endif
