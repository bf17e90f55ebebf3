// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! How long each system call takes, as a histogram. Two programs in one object share a map: one notes when a thread
//! enters the kernel, the other finds that note when the thread leaves.

// There is no standard library in the kernel, and no main function. Tests run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

mod histogram;

use histogram::Latency;
use rex::map::{RexArrayMap, RexHashMap};
use rex::tracepoint::{RawSyscallsEnterCtx, RawSyscallsExitCtx, tracepoint};
use rex::{Result, rex_map, rex_tracepoint};

/// What a thread is doing in the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Call {
    /// The system call's number.
    number: i64,
    /// Nanoseconds since the machine was started.
    entered: u64,
}

/// By thread: a thread is in one system call at a time.
#[rex_map]
static CALLS: RexHashMap<u32, Call> = RexHashMap::new(16384, 0);

/// One more than the largest number of a system call that is looked at; x86-64 has fewer.
const NUMBERS: u32 = 512;

/// By the call's number. The elements of an array are there from the start, so the first call needs no other code than
/// all later ones.
#[rex_map]
static LATENCIES: RexArrayMap<Latency> = RexArrayMap::new(NUMBERS, 0);

/// How often something could not be measured, by [`Missed`].
#[rex_map]
static MISSED: RexArrayMap<u64> = RexArrayMap::new(3, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    /// A number that no system call has.
    Number = 0,
    /// CALLS was full.
    Full = 1,
    /// A return from a call that was not seen to begin, as it was before the programs were attached.
    NotSeen = 2,
}

fn missed(what: Missed) {
    if let Some(count) = MISSED.get_mut(&(what as u32)) {
        *count += 1;
    }
}

/// The element for a system call's number. Whoever calls chooses the number: -1, or one of another architecture's.
fn index(number: i64) -> Option<u32> {
    u32::try_from(number).ok().filter(|&number| number < NUMBERS)
}

#[rex_tracepoint]
fn enter(
    program: &tracepoint<RawSyscallsEnterCtx>,
    record: &'static RawSyscallsEnterCtx,
) -> Result {
    if index(record.id).is_none() {
        missed(Missed::Number);
        return Ok(0);
    }
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let thread = task.get_pid() as u32;
    let call = Call { number: record.id, entered: program.bpf_ktime_get_ns() };
    if CALLS.insert(&thread, &call).is_err() {
        missed(Missed::Full);
    }
    Ok(0)
}

#[rex_tracepoint]
fn exit(program: &tracepoint<RawSyscallsExitCtx>, record: &'static RawSyscallsExitCtx) -> Result {
    let now = program.bpf_ktime_get_ns();
    let Some(index) = index(record.id) else {
        missed(Missed::Number);
        return Ok(0);
    };
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let thread = task.get_pid() as u32;
    let Some(call) = CALLS.get(&thread).filter(|call| call.number == record.id) else {
        missed(Missed::NotSeen);
        return Ok(0);
    };
    // exit(2) does not return: a thread that ends leaves its last call in the map, where user space may remove it.
    let _ = CALLS.delete(&thread);
    if let Some(latency) = LATENCIES.get_mut(&index) {
        latency.add(now.saturating_sub(call.entered), record.ret);
    }
    Ok(0)
}

/// Run with `rexc test`: plain functions need no kernel. Those of the histogram are in its module.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_no_call_has() {
        assert_eq!(index(0), Some(0));
        assert_eq!(index(511), Some(511));
        for number in [-1, 512, 0x4000_0001, i64::MIN, i64::MAX] {
            assert_eq!(index(number), None);
        }
    }
}
