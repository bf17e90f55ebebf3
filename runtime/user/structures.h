/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's structures that programs reach into, as this runtime lays them out: the fields that
 * imports.def names, with their sizes there, and what the runtime itself needs. Programs find a
 * field through its rex_off import; only struct pt_regs has a layout of its own, the
 * architecture's.
 */
#ifndef REXC_RUNTIME_USER_STRUCTURES_H
#define REXC_RUNTIME_USER_STRUCTURES_H

#include <asm/ptrace.h>
#include <stdint.h>

struct net_device {
    int32_t ifindex;
};

struct xdp_rxq_info {
    struct net_device *dev;
    uint32_t queue_index;
};

/* include/net/xdp.h */
struct xdp_buff {
    uint8_t *data;
    uint8_t *data_end;
    uint8_t *data_meta;
    uint8_t *data_hard_start;
    struct xdp_rxq_info *rxq;
    uint32_t frame_sz; /* bytes from data_hard_start, the tailroom that the kernel keeps for itself
                          included */
};

/* include/linux/skbuff.h */
struct sk_buff {
    uint32_t len;      /* of the whole packet */
    uint32_t data_len; /* of its part that is not at data */
    uint8_t *data;
    uint8_t cb[48];
    void *sk;
    struct net_device *dev;
    uint32_t priority;
    uint32_t hash;
    uint32_t mark;
    int32_t skb_iif; /* the interface it came in on */
    uint16_t queue_mapping;
    uint16_t protocol;   /* network byte order */
    uint16_t vlan_proto; /* network byte order */
    uint16_t vlan_tci;
    uint16_t tc_index;
};

/* include/net/sch_generic.h: what sk_buff.cb holds while classifiers run */
struct qdisc_skb_cb {
    uint32_t pkt_len;
    uint16_t slave_dev_queue_mapping;
    uint16_t tc_classid;
    uint8_t data[20];
};

struct task_struct {
    int32_t pid;
    int32_t tgid;
    uint64_t utime; /* nanoseconds */
    char comm[16];
    struct pt_regs registers; /* of user space */
    uint32_t has_registers;   /* 0: a kernel thread */
    int32_t references;       /* that programs hold */
};

struct perf_sample_data {
    uint64_t period;
    uint64_t addr;
};

struct bpf_perf_event_data_kern {
    struct pt_regs *regs;
    struct perf_sample_data *data;
    void *event;
};

#endif
