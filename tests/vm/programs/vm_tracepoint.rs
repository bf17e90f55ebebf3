// SPDX-License-Identifier: Apache-2.0
//! System calls by number, and the arguments and results of openat() calls that create a file.
#![no_std]
#![no_main]
use rex::map::*;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

const O_CREAT: i64 = 0o100;

#[derive(Clone, Copy)]
#[repr(C)]
struct Open {
    dfd: i64,
    flags: i64,
    mode: i64,
}

#[rex_map]
static CALLS: RexHashMap<i64, u64> = RexHashMap::new(512, 0);
#[rex_map]
static OPEN: RexArrayMap<Open> = RexArrayMap::new(1, 0);
#[rex_map]
static FAILED: RexHashMap<i64, u64> = RexHashMap::new(64, 0);

fn count(map: &'static RexHashMap<i64, u64>, key: i64) -> Result {
    match map.get_mut(&key) {
        Some(calls) => *calls += 1,
        None => _ = map.insert(&key, &1)?,
    }
    Ok(0)
}

#[rex_tracepoint]
fn raw_enter(_: &tracepoint<RawSyscallsEnterCtx>, ctx: &'static RawSyscallsEnterCtx) -> Result {
    count(&CALLS, ctx.id)
}

#[rex_tracepoint]
fn openat_enter(
    _: &tracepoint<SyscallsEnterOpenatCtx>,
    ctx: &'static SyscallsEnterOpenatCtx,
) -> Result {
    if ctx.flags & O_CREAT != 0 && ctx.mode == 0o640 {
        OPEN.insert(&0, &Open { dfd: ctx.dfd, flags: ctx.flags, mode: ctx.mode })?;
    }
    Ok(0)
}

#[rex_tracepoint]
fn openat_exit(
    _: &tracepoint<SyscallsExitOpenatCtx>,
    ctx: &'static SyscallsExitOpenatCtx,
) -> Result {
    if ctx.ret < 0 { count(&FAILED, -ctx.ret) } else { Ok(0) }
}
