// SPDX-License-Identifier: Apache-2.0
//! Does to IPv4 packets what user space says in MODE: 0 pass, 1 drop, 2 set the time to live to 78, 3 turn the first
//! letter of a UDP datagram into a J. COUNTS says how often.
#![no_std]
#![no_main]
use rex::map::*;
use rex::sched_cls::*;
use rex::utils::*;
use rex::xdp::{IPPROTO_UDP, compute_ip_checksum, ethhdr, iphdr, udphdr};
use rex::{rex_map, rex_tc};

#[rex_map]
static MODE: RexArrayMap<u32> = RexArrayMap::new(1, 0);
#[rex_map]
static COUNTS: RexArrayMap<u64> = RexArrayMap::new(4, 0);

const HEADERS: usize = size_of::<ethhdr>() + size_of::<iphdr>() + size_of::<udphdr>();

#[rex_tc]
fn vm_tc(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    if u16::from(skb.protocol()) != 0x0800 {
        return Ok(TC_ACT_OK as i32);
    }
    let mode = MODE.get_mut(&0).map_or(0, |mode| *mode);
    if mode == 2
        && let Ok(mut ip) = obj.try_ip_header(skb)
    {
        ip.ttl = 78;
        ip.check = compute_ip_checksum(&mut ip);
    }
    let is_udp = obj.try_ip_header(skb).is_ok_and(|ip| u32::from(ip.protocol) == IPPROTO_UDP);
    if mode == 3 && is_udp {
        if let Ok(mut udp) = obj.try_udp_header(skb) {
            udp.check = 0;
        }
        if let Some(letter) = skb.data_slice.get_mut(HEADERS) {
            *letter = b'J';
        }
    }
    if let Some(count) = COUNTS.get_mut(&mode) {
        *count += 1;
    }
    Ok(if mode == 1 { TC_ACT_SHOT } else { TC_ACT_OK } as i32)
}
