// SPDX-License-Identifier: Apache-2.0
//! Samples by CPU, and how often each kernel stack was seen.
#![no_std]
#![no_main]
use rex::linux::perf_event::PERF_MAX_STACK_DEPTH;
use rex::map::*;
use rex::perf_event::*;
use rex::{Result, rex_map, rex_perf_event};

#[rex_map]
static SAMPLES: RexArrayMap<u64> = RexArrayMap::new(64, 0);
#[rex_map]
static SEEN: RexHashMap<u32, u64> = RexHashMap::new(1024, 0);
#[rex_map]
static STACKS: RexStackTrace<u32, [u64; PERF_MAX_STACK_DEPTH as usize]> =
    RexStackTrace::new(1024, 0);

#[rex_perf_event]
fn vm_perf_event(obj: &perf_event, ctx: &bpf_perf_event_data) -> Result {
    let cpu = obj.bpf_get_smp_processor_id() as u32;
    if let Some(samples) = SAMPLES.get_mut(&cpu) {
        *samples += 1;
    }
    let stack = obj.bpf_get_stackid_pe(ctx, &STACKS, 0)? as u32;
    match SEEN.get_mut(&stack) {
        Some(count) => *count += 1,
        None => _ = SEEN.insert(&stack, &1)?,
    }
    Ok(0)
}
