// SPDX-License-Identifier: Apache-2.0
//! Runs within runs: a packet makes helper calls that the kprobe program is attached to, and the tc program sends
//! copies of a packet out of the interface that it is attached to. And what a lock forbids: the packet's program holds one that
//! the kprobe program wants, and the tc program wants to send a copy with one held.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::sched_cls::*;
use rex::spinlock::rex_spinlock_guard;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_kprobe, rex_map, rex_tc, rex_xdp};

#[rex_map]
static CALLS: RexArrayMap<u64> = RexArrayMap::new(3, 0);
/// What the tc program shall redirect to; 0: nothing.
#[rex_map]
static INTERFACE: RexArrayMap<u32> = RexArrayMap::new(1, 0);
/// Whether they take locks.
#[rex_map]
static LOCKING: RexArrayMap<u32> = RexArrayMap::new(1, 0);
/// What the redirection with a lock held said, negated.
#[rex_map]
static REFUSED: RexArrayMap<u32> = RexArrayMap::new(1, 0);

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    runs: u32,
    lock: bpf_spin_lock,
}

/// The packet's and the kprobe's; the tc program's.
#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(2, 0);

fn take(index: &u32) -> Option<rex_spinlock_guard<'_>> {
    if *LOCKING.get_mut(&0)? == 0 {
        return None;
    }
    let entry = LOCKED.get_mut(index)?;
    let guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.runs += 1;
    Some(guard)
}

fn count(index: u32) {
    if let Some(calls) = CALLS.get_mut(&index) {
        *calls += 1;
    }
}

#[rex_xdp]
fn outer(obj: &xdp, _: &mut xdp_md) -> Result {
    let guard = take(&0);
    for _ in 0..10 {
        black_box(obj.bpf_ktime_get_ns());
    }
    drop(guard);
    count(0);
    Ok(XDP_PASS as i32)
}

#[rex_kprobe(function = "bpf_ktime_get_ns")]
fn inner(_: &kprobe, _: &mut PtRegs) -> Result {
    count(1);
    drop(take(&0));
    Ok(0)
}

#[rex_tc]
fn again(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    count(2);
    match INTERFACE.get_mut(&0).map_or(0, |interface| *interface) {
        0 => {}
        // Without a lock each copy is another run, within this one: the module ends that, as it skips the ninth.
        interface => {
            let guard = take(&1);
            if let Err(error) = obj.bpf_clone_redirect(skb, interface, 0)
                && guard.is_some()
                && let Some(refused) = REFUSED.get_mut(&0)
            {
                *refused = error.unsigned_abs();
            }
            drop(guard);
        }
    }
    Ok(TC_ACT_OK as i32)
}
