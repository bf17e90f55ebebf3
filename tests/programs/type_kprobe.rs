// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A kprobe that fails chosen system calls of chosen processes.
#![no_std]
#![no_main]
use rex::kprobe::*;
use rex::map::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map};

#[rex_map]
static PIDS: RexHashMap<i32, u64> = RexHashMap::new(1024, 0);

#[rex_kprobe]
pub fn type_kprobe(obj: &kprobe, ctx: &mut PtRegs) -> Result {
    obj.bpf_get_current_task()
        .map(|task| task.get_pid())
        .and_then(|pid| obj.bpf_map_lookup_elem(&PIDS, &pid).cloned())
        .map(|error| obj.bpf_override_return(ctx, error))
        .ok_or(0)
}
