// SPDX-License-Identifier: Apache-2.0
//! A program of each type that goes wrong as user space says in MODE, at the index of its type: 0 not at all.
#![no_std]
#![no_main]
use core::fmt;
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::*;
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::pt_regs::PtRegs;
use rex::sched_cls::{__sk_buff, TC_ACT_OK, sched_cls};
use rex::spinlock::rex_spinlock_guard;
use rex::task_struct::OwnedTaskStruct;
use rex::tracepoint::{SyscallsEnterDupCtx, tracepoint};
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_kprobe, rex_map, rex_perf_event, rex_tc, rex_tracepoint, rex_xdp};

const ON_PACKET: u32 = 0;
const ON_FILTER: u32 = 1;
const ON_CALL: u32 = 2;
const ON_EVENT: u32 = 3;
const ON_SAMPLE: u32 = 4;

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    value: u64,
    lock: bpf_spin_lock,
    reserved: u32,
}

#[rex_map]
static MODE: RexArrayMap<u32> = RexArrayMap::new(5, 0);
/// Runs that held a lock and a record and gave them back, by type.
#[rex_map]
static HELD: RexArrayMap<u64> = RexArrayMap::new(5, 0);
/// A lock for each type.
#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(5, 0);
/// Values that take the kernel long to copy, with interrupts off.
#[rex_map]
static LARGE: RexHashMap<u32, [u64; 8192]> = RexHashMap::new(1, 0);
#[rex_map]
static VALUE: RexArrayMap<[u64; 8192]> = RexArrayMap::new(1, 0);
#[rex_map]
static RING: RexRingBuf = RexRingBuf::new(4096, 0);

#[inline(never)]
fn innermost(values: &[u64], index: usize) -> u64 {
    values[black_box(index)]
}

#[inline(never)]
fn nested(number: u64) -> u64 {
    let values = [number, 1, 2];
    black_box(innermost(&values, black_box(3))) + 1
}

struct Endless;

impl fmt::Display for Endless {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("this far and no further")?;
        loop {
            black_box(self);
        }
    }
}

fn copy_for_ever() -> ! {
    let mut from = [1u8; 4096];
    let mut to = [0u8; 4096];
    loop {
        to.copy_from_slice(black_box(&from));
        from.copy_from_slice(black_box(&to));
    }
}

/// Modes: 1 panics in nested frames, 2 never ends, 3 never ends and only calls helpers, 4 never ends in a copy, 5 panics
/// with a message that never ends, 6 holds a lock and a record and gives them back, 7 never ends and is hardly ever
/// outside an import. All but 6 hold a record and, where that is possible, the task of the process; 11 to 17 are the
/// same with a lock.
fn misbehave<T>(kind: u32, take: impl FnOnce() -> T) -> Option<u64> {
    let mode = *MODE.get_mut(&kind)?;
    if mode == 0 {
        return None;
    }
    let record = RING.reserve(64);
    let taken = take();
    let entry = LOCKED.get_mut(&kind)?;
    let guard = (mode >= 6).then(|| rex_spinlock_guard::new(&mut entry.lock));
    match mode % 10 {
        1 => return Some(nested(u64::from(mode))),
        2 => loop {
            black_box(mode);
        },
        3 => loop {
            black_box(MODE.get_mut(&kind));
        },
        4 => copy_for_ever(),
        5 => panic!("endless: {}", Endless),
        7 => {
            let from = VALUE.get_mut(&0)?;
            loop {
                let _ = LARGE.insert(&1, from);
            }
        }
        _ => {}
    }
    if record.is_some()
        && let Some(held) = HELD.get_mut(&kind)
    {
        *held += 1;
    }
    drop(guard);
    drop(taken);
    None
}

#[rex_xdp]
fn on_packet(_: &xdp, _: &mut xdp_md) -> Result {
    misbehave(ON_PACKET, || ());
    Ok(XDP_PASS as i32)
}

#[rex_tc]
fn on_filter(_: &sched_cls, _: &mut __sk_buff) -> Result {
    misbehave(ON_FILTER, || ());
    Ok(TC_ACT_OK as i32)
}

#[rex_kprobe(function = "__x64_sys_dup")]
fn on_call(obj: &kprobe, _: &mut PtRegs) -> Result {
    misbehave(ON_CALL, || OwnedTaskStruct::from_pid(obj.bpf_get_current_task()?.get_pid()));
    Ok(0)
}

#[rex_tracepoint]
fn on_event(obj: &tracepoint<SyscallsEnterDupCtx>, _: &'static SyscallsEnterDupCtx) -> Result {
    misbehave(ON_EVENT, || OwnedTaskStruct::from_pid(obj.bpf_get_current_task()?.get_pid()));
    Ok(0)
}

#[rex_perf_event]
fn on_sample(obj: &perf_event, _: &bpf_perf_event_data) -> Result {
    misbehave(ON_SAMPLE, || OwnedTaskStruct::from_pid(obj.bpf_get_current_task()?.get_pid()));
    Ok(0)
}
