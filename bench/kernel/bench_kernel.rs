// SPDX-License-Identifier: Apache-2.0
//! What bench/kernel.py counts the instructions of; twin.bpf.c has the same programs for eBPF.
#![no_std]
#![no_main]
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::spinlock::rex_spinlock_guard;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Locked {
    lock: bpf_spin_lock,
    count: u32,
}

#[rex_map]
static ARRAY: RexArrayMap<u64> = RexArrayMap::new(4, 0);
#[rex_map]
static HASH: RexHashMap<u32, u64> = RexHashMap::new(16, 0);
#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(1, 0);
#[rex_map]
static DEPTH: RexArrayMap<u32> = RexArrayMap::new(1, 0);

#[rex_xdp]
fn empty(_: &xdp, _: &mut xdp_md) -> Result {
    Ok(XDP_PASS as i32)
}

#[rex_xdp]
fn array(_: &xdp, _: &mut xdp_md) -> Result {
    if let Some(count) = ARRAY.get_mut(&1) {
        *count += 1;
    }
    Ok(XDP_PASS as i32)
}

#[rex_xdp]
fn hash(_: &xdp, _: &mut xdp_md) -> Result {
    if let Some(count) = HASH.get_mut(&1) {
        *count += 1;
    }
    Ok(XDP_PASS as i32)
}

#[rex_xdp]
fn lock(_: &xdp, _: &mut xdp_md) -> Result {
    if let Some(entry) = LOCKED.get_mut(&0) {
        let guard = rex_spinlock_guard::new(&mut entry.lock);
        entry.count += 1;
        drop(guard);
    }
    Ok(XDP_PASS as i32)
}

/// What comes after the call keeps the compiler from making a loop of it. The verdict is of no use, but for depth 0.
#[inline(never)]
fn descend(depth: u32) -> i32 {
    match depth.checked_sub(1) {
        Some(left) => descend(left).wrapping_mul(2) | 1,
        None => XDP_PASS as i32,
    }
}

#[rex_xdp]
fn recursion(_: &xdp, _: &mut xdp_md) -> Result {
    let depth = DEPTH.get_mut(&0).map_or(0, |depth| *depth);
    Ok(descend(depth))
}
