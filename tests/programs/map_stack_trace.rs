// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A profiler: kernel and user stacks by process name, with the counter's value.
#![no_std]
#![no_main]
use rex::linux::bpf::*;
use rex::linux::perf_event::PERF_MAX_STACK_DEPTH;
use rex::map::*;
use rex::perf_event::*;
use rex::{Result, rex_map, rex_perf_event, rex_printk};

#[derive(Clone, Copy)]
#[repr(C)]
struct Key {
    comm: [u8; 16],
    kernel: u32,
    user: u32,
}

#[rex_map]
static COUNTS: RexHashMap<Key, u64> = RexHashMap::new(10_000, 0);
#[rex_map]
static STACKS: RexStackTrace<u32, [u64; PERF_MAX_STACK_DEPTH as usize]> =
    RexStackTrace::new(10_000, 0);

#[rex_perf_event]
fn map_stack_trace(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    if ctx.sample_period() < 10_000 {
        return Ok(0);
    }
    let kernel = obj.bpf_get_stackid_pe(ctx, &STACKS, u64::from(BPF_F_FAST_STACK_CMP));
    let user =
        obj.bpf_get_stackid_pe(ctx, &STACKS, u64::from(BPF_F_FAST_STACK_CMP | BPF_F_USER_STACK));
    let (Ok(kernel), Ok(user)) = (kernel, user) else {
        return rex_printk!("cpu {} ip {:x}", obj.bpf_get_smp_processor_id(), ctx.regs().rip());
    };
    let mut key = Key { comm: [0; 16], kernel: kernel as u32, user: user as u32 };
    if let Some(task) = obj.bpf_get_current_task() {
        let name = task.get_comm().unwrap_or_default().to_bytes();
        key.comm[..name.len()].copy_from_slice(name);
    }
    let mut value = bpf_perf_event_value { counter: 0, enabled: 0, running: 0 };
    match obj.bpf_perf_prog_read_value(ctx, &mut value) {
        Ok(_) => rex_printk!("{} of {}, at {:x}", value.running, value.enabled, ctx.addr())?,
        Err(error) => rex_printk!("no value: {}", error)?,
    };
    match COUNTS.get_mut(&key) {
        Some(count) => *count += 1,
        None => _ = COUNTS.insert(&key, &1)?,
    }
    Ok(0)
}
