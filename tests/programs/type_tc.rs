// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Traffic control: rewrites a packet, and sends a copy of it elsewhere.
#![no_std]
#![no_main]
use rex::sched_cls::*;
use rex::utils::*;
use rex::xdp::{IPPROTO_UDP, compute_ip_checksum};
use rex::{rex_printk, rex_tc};

#[rex_tc]
fn type_tc(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    if u16::from(skb.protocol()) != 0x0800 {
        return Ok(TC_ACT_OK as i32);
    }
    let Ok(mut ip) = obj.try_ip_header(skb) else {
        return Ok(TC_ACT_OK as i32);
    };
    if ip.ttl <= 1 {
        return Ok(TC_ACT_SHOT as i32);
    }
    ip.ttl -= 1;
    ip.check = compute_ip_checksum(&mut ip);
    let is_udp = u32::from(ip.protocol) == IPPROTO_UDP;
    drop(ip);
    if is_udp && let Ok(mut udp) = obj.try_udp_header(skb) {
        udp.dest = 4242u16.to_be();
        udp.check = 0;
    }
    if let Some(byte) = skb.data_slice.last_mut() {
        *byte ^= 1;
    }
    let (mark, hash, priority) = (skb.mark(), skb.hash(), skb.priority());
    rex_printk!("mark {mark} hash {hash:x} priority {priority} cb {:?}", &skb.cb()[..4]).ok();
    if skb.sk().is_none() && skb.queue_mapping() == 0 {
        let ifindex = skb.ifindex();
        obj.bpf_clone_redirect(skb, ifindex, 0)?;
    }
    Ok(TC_ACT_OK as i32)
}
