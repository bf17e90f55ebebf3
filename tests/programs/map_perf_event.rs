// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Events through a perf event array, to the buffer of this CPU and of another.
#![no_std]
#![no_main]
use rex::map::*;
use rex::tracepoint::*;
use rex::utils::PerfEventMaskedCPU;
use rex::{Result, rex_map, rex_tracepoint};

#[derive(Clone, Copy)]
#[repr(C)]
struct Event {
    number: i64,
    arguments: [u64; 6],
    time: u64,
}

#[rex_map]
static EVENTS: RexPerfEventArray<Event> = RexPerfEventArray::new(64, 0);

#[rex_tracepoint]
fn map_perf_event(
    obj: &tracepoint<RawSyscallsEnterCtx>,
    ctx: &'static RawSyscallsEnterCtx,
) -> Result {
    let event = Event { number: ctx.id, arguments: ctx.args, time: obj.bpf_ktime_get_ns() };
    let cpu = if ctx.id == 1 {
        PerfEventMaskedCPU::any_cpu(0)
    } else {
        PerfEventMaskedCPU::current_cpu()
    };
    EVENTS.output(obj, ctx, &event, cpu)
}
