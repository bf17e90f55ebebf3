// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Programs of every type but xdp that never end, each with something in its hands, for tests/run/run.bats.
//! Those of xdp are in misbehave.
#![no_std]
#![no_main]

use core::fmt;
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::{RexArrayMap, RexRingBuf, RexStackTrace};
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::pt_regs::PtRegs;
use rex::sched_cls::{__sk_buff, sched_cls};
use rex::spinlock::rex_spinlock_guard;
use rex::task_struct::OwnedTaskStruct;
use rex::tracepoint::{RawSyscallsEnterCtx, tracepoint};
use rex::{Result, rex_kprobe, rex_map, rex_perf_event, rex_tc, rex_tracepoint};

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    value: u64,
    lock: bpf_spin_lock,
    reserved: u32,
}

#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(1, 0);

#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

#[rex_map]
static STACKS: RexStackTrace<u32, [u64; 16]> = RexStackTrace::new(16, 0);

fn loop_for_ever() -> ! {
    let mut number = 0u64;
    loop {
        number = black_box(number + 1);
    }
}

/// Nearly all of the time is spent in memcpy.
fn copy_for_ever() -> ! {
    let mut from = [1u8; 4096];
    let mut to = [0u8; 4096];
    loop {
        to.copy_from_slice(black_box(&from));
        from.copy_from_slice(black_box(&to));
    }
}

#[rex_tc]
fn tc_with_lock(_: &sched_cls, _: &mut __sk_buff) -> Result {
    let entry = LOCKED.get_mut(&0).ok_or(-1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    loop_for_ever()
}

/// In a helper nearly all of the time; each call may leave a changed packet behind.
#[rex_tc]
fn tc_in_helper(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    loop {
        program.bpf_clone_redirect(skb, 0, 0).unwrap_err();
        skb.data_slice[0] ^= 1;
    }
}

#[rex_kprobe(function = "probed")]
fn kprobe_with_task(_: &kprobe, registers: &mut PtRegs) -> Result {
    let task = OwnedTaskStruct::from_pid(registers.rdi() as i32).ok_or(-1)?;
    black_box(task.get_pid());
    copy_for_ever()
}

/// Reads memory that is not there, for ever.
#[rex_kprobe(function = "probed")]
fn kprobe_in_helper(program: &kprobe, _: &mut PtRegs) -> Result {
    let mut value = 0u64;
    loop {
        let _ = program.bpf_probe_read_kernel(&mut value, core::ptr::null());
    }
}

#[rex_tracepoint]
fn tracepoint_with_record(
    _: &tracepoint<RawSyscallsEnterCtx>,
    record: &'static RawSyscallsEnterCtx,
) -> Result {
    let mut entry = RING.reserve(16).ok_or(-1)?;
    entry[0] = record.id as u8;
    loop_for_ever()
}

/// Looks at the record for ever, with a helper, while the panic's message is made.
struct Endless<'a>(&'a tracepoint<RawSyscallsEnterCtx>, &'static RawSyscallsEnterCtx);

impl fmt::Display for Endless<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "call {}", self.1.id)?;
        loop {
            black_box(self.0.bpf_ktime_get_ns());
        }
    }
}

#[rex_tracepoint]
fn tracepoint_in_message(
    program: &tracepoint<RawSyscallsEnterCtx>,
    record: &'static RawSyscallsEnterCtx,
) -> Result {
    let _entry = RING.reserve(16).ok_or(-1)?;
    panic!("endless: {}", Endless(program, record));
}

#[rex_perf_event]
fn perf_event_in_helper(program: &perf_event, data: &bpf_perf_event_data) -> Result {
    loop {
        black_box(program.bpf_get_stackid_pe(data, &STACKS, 0).ok());
    }
}

/// A lock in its hands, and a copy that does not end.
#[rex_perf_event]
fn perf_event_with_lock(_: &perf_event, _: &bpf_perf_event_data) -> Result {
    let entry = LOCKED.get_mut(&0).ok_or(-1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    copy_for_ever()
}
