// SPDX-License-Identifier: Apache-2.0
//! Recurses as deeply as DEPTH says and calls there what uses much of the stack: for how much of the reserve is used.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::map::*;
use rex::sched_cls::*;
use rex::{Result, rex_map, rex_tc};

/// 0: how deep; 1: the interface that gets a copy of each packet.
#[rex_map]
static SETTINGS: RexArrayMap<u32> = RexArrayMap::new(2, 0);
/// How often the bottom was reached.
#[rex_map]
static BOTTOM: RexArrayMap<u64> = RexArrayMap::new(1, 0);
#[rex_map]
static ALLOCATED: RexHashMap<u64, u64> = RexHashMap::new(64, rex::linux::bpf::BPF_F_NO_PREALLOC);

fn at_the_bottom(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let interface = SETTINGS.get(&1).unwrap_or(0);
    let now = obj.bpf_ktime_get_ns();
    ALLOCATED.insert(&(now % 64), &now).ok();
    ALLOCATED.delete(&(now % 64)).ok();
    obj.bpf_clone_redirect(skb, interface, 0)?;
    if let Some(bottom) = BOTTOM.get_mut(&0) {
        *bottom += 1;
    }
    Ok(0)
}

#[inline(never)]
fn descend(obj: &sched_cls, skb: &mut __sk_buff, left: u32) -> Result {
    if left == 0 {
        return at_the_bottom(obj, skb);
    }
    black_box(descend(obj, skb, left - 1))
}

#[rex_tc]
fn vm_deep(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let depth = SETTINGS.get(&0).unwrap_or(0);
    black_box(descend(obj, skb, depth)).ok();
    Ok(TC_ACT_OK as i32)
}
