// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Sorting: unstable, by key, and selecting the median.
#![no_std]
#![no_main]
use rex::map::RexArrayMap;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

#[derive(Clone, Copy)]
#[repr(C)]
struct Sample {
    time: u64,
    id: u64,
}

#[rex_map]
static SAMPLES: RexArrayMap<[Sample; 32]> = RexArrayMap::new(1, 0);

#[rex_tracepoint]
fn sorting(obj: &tracepoint<RawSyscallsEnterCtx>, ctx: &'static RawSyscallsEnterCtx) -> Result {
    let Some(samples) = SAMPLES.get_mut(&0) else {
        return Ok(0);
    };
    let time = obj.bpf_ktime_get_ns();
    samples[(time % 32) as usize] = Sample { time, id: ctx.id as u64 };
    let mut sorted = *samples;
    sorted.sort_unstable_by_key(|sample| (sample.id, core::cmp::Reverse(sample.time)));
    let mut times = sorted.map(|sample| sample.time);
    let (_, median, _) = times.select_nth_unstable(16);
    let median = *median;
    let mut ids = sorted.map(|sample| sample.id);
    ids.sort_unstable();
    Ok((ids[16] ^ median) as i32 & 0xff)
}
