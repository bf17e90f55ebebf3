// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Counters that each CPU has for itself.
#![no_std]
#![no_main]
use rex::map::*;
use rex::sched_cls::*;
use rex::{Result, rex_map, rex_tc};

#[rex_map]
static COUNTS: RexPerCPUArrayMap<[u64; 4]> = RexPerCPUArrayMap::new(4, 0);

#[rex_tc]
fn map_percpu(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let slot = match u16::from(skb.protocol()) {
        0x0800 => 0,
        0x86dd => 1,
        0x0806 => 2,
        _ => 3,
    };
    if let Some(counts) = obj.bpf_map_lookup_elem(&COUNTS, &slot) {
        counts[0] += 1;
        counts[1] += u64::from(skb.len());
        counts[2] = u64::from(skb.ifindex());
        counts[3] |= 1 << (obj.bpf_get_smp_processor_id() & 63);
    }
    if COUNTS.get(&slot).is_some_and(|counts| counts[0] % 1024 == 1023) {
        return Ok(TC_ACT_SHOT as i32);
    }
    Ok(TC_ACT_OK as i32)
}
