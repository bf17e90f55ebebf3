/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/user/packet.h"

#include "runtime/abi/rex_abi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <stdlib.h>
#include <string.h>

enum { VLAN_TAG = 4, ADDRESSES = 2 * ETH_ALEN };

/* Copies the frame into a buffer with the kernel's room around it. */
static int fill(struct packet *packet, const struct frame *frame)
{
    size_t needed = PACKET_HEADROOM + (size_t)frame->captured + PACKET_TAILROOM;

    needed = (needed + REX_PAGE_SIZE - 1) / REX_PAGE_SIZE * REX_PAGE_SIZE;
    if (needed > packet->capacity) {
        uint8_t *grown = realloc(packet->buffer, needed);
        if (!grown)
            return -1;
        packet->buffer = grown;
        packet->capacity = needed;
    }
    memcpy(packet->buffer + PACKET_HEADROOM, frame->data, frame->captured);
    packet->missing = frame->length - frame->captured;
    packet->device.ifindex = PACKET_IFINDEX;
    packet->queue = (struct xdp_rxq_info){.dev = &packet->device};
    packet->xdp.frame_sz = (uint32_t)needed;
    return 0;
}

struct xdp_buff *packet_for_xdp(struct packet *packet, const struct frame *frame)
{
    if (fill(packet, frame) != 0)
        return NULL;
    struct xdp_buff *xdp = &packet->xdp;
    xdp->data_hard_start = packet->buffer;
    xdp->data = packet->buffer + PACKET_HEADROOM;
    xdp->data_end = xdp->data + frame->captured;
    xdp->data_meta = xdp->data;
    xdp->rxq = &packet->queue;
    return xdp;
}

void packet_of_xdp(const struct packet *packet, const struct frame *original, struct frame *result)
{
    const uint32_t captured = (uint32_t)(packet->xdp.data_end - packet->xdp.data);

    *result = (struct frame){.data = packet->xdp.data,
                             .captured = captured,
                             .length = captured + packet->missing,
                             .time = original->time};
}

static uint16_t word_at(const uint8_t *bytes)
{
    uint16_t word;

    memcpy(&word, bytes, sizeof(word));
    return word;
}

/* skb_vlan_untag() */
static void take_vlan_tag(struct sk_buff *skb, uint32_t linear)
{
    const uint16_t type = word_at(skb->data + ADDRESSES);

    if (linear < ETH_HLEN + VLAN_TAG || (type != htons(ETH_P_8021Q) && type != htons(ETH_P_8021AD)))
        return;
    skb->vlan_proto = type;
    skb->vlan_tci = ntohs(word_at(skb->data + ETH_HLEN));
    memmove(skb->data + VLAN_TAG, skb->data, ADDRESSES);
    skb->data += VLAN_TAG;
    skb->len -= VLAN_TAG;
}

/* eth_type_trans(): what is no type is the length of an 802.2 frame. */
static uint16_t protocol_of(const struct sk_buff *skb)
{
    const uint16_t type = word_at(skb->data + ADDRESSES);

    return ntohs(type) >= ETH_P_802_3_MIN ? type : htons(ETH_P_802_2);
}

struct sk_buff *packet_for_tc(struct packet *packet, const struct frame *frame)
{
    if (fill(packet, frame) != 0)
        return NULL;
    struct sk_buff *skb = &packet->skb;
    *skb = (struct sk_buff){.len = frame->length,
                            .data_len = packet->missing,
                            .data = packet->buffer + PACKET_HEADROOM,
                            .dev = &packet->device,
                            .skb_iif = PACKET_IFINDEX};
    const struct qdisc_skb_cb control = {.pkt_len = skb->len};
    memcpy(skb->cb, &control, sizeof(control));
    if (frame->captured >= ETH_HLEN) {
        take_vlan_tag(skb, frame->captured);
        skb->protocol = protocol_of(skb);
    }
    return skb;
}

int packet_of_tc(struct packet *packet, const struct frame *original, struct frame *result)
{
    const struct sk_buff *skb = &packet->skb;
    const uint32_t linear = skb->len - skb->data_len;

    *result = (struct frame){
        .data = skb->data, .captured = linear, .length = skb->len, .time = original->time};
    if (skb->vlan_proto == 0)
        return 0;
    /* A copy, because a program that clones its packet goes on with it. */
    uint8_t *tagged = realloc(packet->tagged, (size_t)linear + VLAN_TAG);
    if (!tagged)
        return -1;
    const uint16_t tci = htons(skb->vlan_tci);
    memcpy(tagged, skb->data, ADDRESSES);
    memcpy(tagged + ADDRESSES, &skb->vlan_proto, sizeof(skb->vlan_proto));
    memcpy(tagged + ETH_HLEN, &tci, sizeof(tci));
    memcpy(tagged + ADDRESSES + VLAN_TAG, skb->data + ADDRESSES, linear - ADDRESSES);
    packet->tagged = tagged;
    result->data = tagged;
    result->captured = linear + VLAN_TAG;
    result->length = skb->len + VLAN_TAG;
    return 0;
}

void packet_free(struct packet *packet)
{
    free(packet->buffer);
    free(packet->tagged);
    packet->buffer = packet->tagged = NULL;
    packet->capacity = 0;
}

int64_t packet_adjust_tail(struct xdp_buff *xdp, int64_t delta)
{
    const int64_t room = xdp->data_hard_start + xdp->frame_sz - PACKET_TAILROOM - xdp->data;
    const int32_t offset = (int32_t)delta; /* the kernel's parameter is an int */
    const int64_t size = xdp->data_end - xdp->data + offset;

    if (size > room || size < ETH_HLEN)
        return -EINVAL;
    if (offset > 0)
        memset(xdp->data_end, 0, (size_t)offset);
    xdp->data_end = xdp->data + size;
    return 0;
}
