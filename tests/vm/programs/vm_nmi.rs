// SPDX-License-Identifier: Apache-2.0
//! A program that a CPU runs in an NMI: when it is asked for its registers, as with `echo l >/proc/sysrq-trigger`; and one
//! that takes its time, for the NMI to come into.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_kprobe, rex_map, rex_xdp};

/// Times that the registers were asked for, on each CPU.
#[rex_map]
static ASKED: RexArrayMap<u64> = RexArrayMap::new(8, 0);

#[rex_xdp]
fn busy(_: &xdp, _: &mut xdp_md) -> Result {
    loop {
        black_box(());
    }
}

#[rex_kprobe(function = "show_regs")]
fn asked(obj: &kprobe, _: &mut PtRegs) -> Result {
    if let Some(times) = ASKED.get_mut(&(obj.bpf_get_smp_processor_id() as u32)) {
        *times += 1;
    }
    Ok(0)
}
