// SPDX-License-Identifier: Apache-2.0
//! A program whose function `hole` the suite overwrites with an instruction that faults, and signs again: what only a hole
//! in the compiler or in the checks could bring about.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::spinlock::rex_spinlock_guard;
use rex::tracepoint::*;
use rex::{Result, rex_map, rex_tracepoint};

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    runs: u64,
    lock: bpf_spin_lock,
    reserved: u32,
}

#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(1, 0);

#[inline(never)]
fn hole(number: u64) -> u64 {
    // Enough code to be overwritten.
    black_box(number.wrapping_mul(0x1234_5678_9abc_def1) ^ number.rotate_left(7))
}

#[rex_tracepoint]
fn vm_fault(_: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    let Some(entry) = LOCKED.get_mut(&0) else { return Ok(0) };
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    entry.runs += 1;
    black_box(hole(black_box(entry.runs)));
    Ok(0)
}
