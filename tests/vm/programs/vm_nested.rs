// SPDX-License-Identifier: Apache-2.0
//! Runs within runs: a packet makes helper calls that the kprobe program is attached to, and the tc program sends
//! copies of a packet out of the interface that it is attached to.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::sched_cls::*;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_kprobe, rex_map, rex_tc, rex_xdp};

#[rex_map]
static CALLS: RexArrayMap<u64> = RexArrayMap::new(3, 0);
/// What the tc program shall redirect to; 0: nothing.
#[rex_map]
static INTERFACE: RexArrayMap<u32> = RexArrayMap::new(1, 0);

fn count(index: u32) {
    if let Some(calls) = CALLS.get_mut(&index) {
        *calls += 1;
    }
}

#[rex_xdp]
fn outer(obj: &xdp, _: &mut xdp_md) -> Result {
    for _ in 0..10 {
        black_box(obj.bpf_ktime_get_ns());
    }
    count(0);
    Ok(XDP_PASS as i32)
}

#[rex_kprobe(function = "bpf_ktime_get_ns")]
fn inner(_: &kprobe, _: &mut PtRegs) -> Result {
    count(1);
    Ok(0)
}

#[rex_tc]
fn again(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    count(2);
    match INTERFACE.get_mut(&0).map_or(0, |interface| *interface) {
        0 => {}
        // The kernel ends this at its own limit, with an error.
        interface => _ = obj.bpf_clone_redirect(skb, interface, 0),
    }
    Ok(TC_ACT_OK as i32)
}
