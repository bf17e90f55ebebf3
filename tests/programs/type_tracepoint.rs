// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! One generic function behind four tracepoints.
#![no_std]
#![no_main]
use rex::linux::bpf::BPF_NOEXIST;
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

type Counts = RexHashMap<u32, u32>;

#[rex_map]
static enter_open_map: Counts = Counts::new(1, 0);
#[rex_map]
static exit_open_map: Counts = Counts::new(1, 0);

fn count<C: TracepointContext>(obj: &tracepoint<C>, map: &'static Counts) -> Result {
    match obj.bpf_map_lookup_elem(map, &0) {
        Some(value) => *value += 1,
        None => _ = obj.bpf_map_update_elem(map, &0, &1, BPF_NOEXIST.into())?,
    }
    Ok(0)
}

#[rex_tracepoint]
fn enter_open(obj: &tracepoint<SyscallsEnterOpenCtx>, _: &'static SyscallsEnterOpenCtx) -> Result {
    count(obj, &enter_open_map)
}

#[rex_tracepoint]
fn enter_openat(
    obj: &tracepoint<SyscallsEnterOpenatCtx>,
    ctx: &'static SyscallsEnterOpenatCtx,
) -> Result {
    if ctx.flags & 1 != 0 { count(obj, &enter_open_map) } else { Ok(ctx.dfd as i32) }
}

#[rex_tracepoint]
fn exit_open(obj: &tracepoint<SyscallsExitOpenCtx>, _: &'static SyscallsExitOpenCtx) -> Result {
    count(obj, &exit_open_map)
}

#[rex_tracepoint]
fn exit_openat(
    obj: &tracepoint<SyscallsExitOpenatCtx>,
    ctx: &'static SyscallsExitOpenatCtx,
) -> Result {
    if ctx.ret < 0 { Ok(0) } else { count(obj, &exit_open_map) }
}
