// SPDX-License-Identifier: Apache-2.0
//! What dev_set_mtu_ext() is called with, in RSI, and by whom.
#![no_std]
#![no_main]
use rex::kprobe::*;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[derive(Clone, Copy)]
#[repr(C)]
struct Call {
    mtu: u64,
    pid: i32,
    comm: [u8; 16],
    padding: u32,
}

#[rex_map]
static CALLS: RexArrayMap<Call> = RexArrayMap::new(1, 0);

#[rex_kprobe(function = "dev_set_mtu_ext")]
fn vm_kprobe(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    let mut call = Call { mtu: ctx.rsi(), pid: 0, comm: [0; 16], padding: 0 };
    if let Some(task) = obj.bpf_get_current_task() {
        let name = task.get_comm().unwrap_or_default().to_bytes();
        call.comm[..name.len()].copy_from_slice(name);
        call.pid = task.get_pid();
    }
    rex_printk!("mtu {} for the asking", call.mtu)?;
    CALLS.insert(&0, &call)
}
