// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Programs of the types that are run for events, and of tc, for tests/run/run.bats: each uses what the
//! runtime has for its type.
#![no_std]
#![no_main]

use rex::kprobe::kprobe;
use rex::linux::bpf::bpf_spin_lock;
use rex::map::{RexArrayMap, RexHashMap, RexPerCPUArrayMap, RexPerfEventArray, RexQueue, RexStack};
use rex::perf_event::{bpf_perf_event_data, perf_event};
use rex::pt_regs::PtRegs;
use rex::sched_cls::{__sk_buff, HeaderError, TC_ACT_OK, TC_ACT_SHOT, sched_cls};
use rex::spinlock::rex_spinlock_guard;
use rex::task_struct::OwnedTaskStruct;
use rex::tracepoint::{RawSyscallsEnterCtx, SyscallsEnterDupCtx, tracepoint};
use rex::utils::PerfEventMaskedCPU;
use rex::{Result, rex_kprobe, rex_map, rex_perf_event, rex_printk, rex_tc, rex_tracepoint};

#[rex_map]
static CALLS: RexHashMap<i32, u64> = RexHashMap::new(4, 0);

#[rex_map]
static PER_CPU: RexPerCPUArrayMap<u64> = RexPerCPUArrayMap::new(1, 0);

#[rex_map]
static EVENTS: RexPerfEventArray<u64> = RexPerfEventArray::new(64, 0);

#[rex_map]
static QUEUE: RexQueue<u64> = RexQueue::new(3, 0);

#[rex_map]
static STACK: RexStack<u64> = RexStack::new(3, 0);

/// Calls by task; the fifth task does not fit and gives -E2BIG.
#[rex_kprobe(function = "vfs_read")]
fn count_calls(program: &kprobe, _registers: &mut PtRegs) -> Result {
    let Some(task) = program.bpf_get_current_task() else { return Ok(-1) };
    let pid = task.get_pid();
    match CALLS.get_mut(&pid) {
        Some(count) => *count += 1,
        None => {
            CALLS.insert(&pid, &1)?;
        }
    }
    Ok(0)
}

/// The verdict is the thread group of the task whose pid is the first argument; -1 when there is none.
#[rex_kprobe(function = "find_task")]
fn find_task(_program: &kprobe, registers: &mut PtRegs) -> Result {
    let Some(task) = OwnedTaskStruct::from_pid(registers.rdi() as i32) else { return Ok(-1) };
    Ok(task.get_tgid())
}

/// Panics with a task in its hands.
#[rex_kprobe(function = "find_task")]
fn panics_with_task(_program: &kprobe, registers: &mut PtRegs) -> Result {
    let task = OwnedTaskStruct::from_pid(registers.rdi() as i32).unwrap();
    panic!("holding task {}", task.get_pid());
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Pair {
    first: u32,
    second: u32,
}

/// The verdict is the sum of the two numbers that the first argument points to.
#[rex_kprobe(function = "sum")]
fn reads_memory(program: &kprobe, registers: &mut PtRegs) -> Result {
    let mut pair = Pair::default();
    program.bpf_probe_read_kernel(&mut pair, registers.rdi() as *const ())?;
    Ok((pair.first + pair.second) as i32)
}

#[rex_tracepoint]
fn sends_events(
    program: &tracepoint<RawSyscallsEnterCtx>,
    record: &'static RawSyscallsEnterCtx,
) -> Result {
    rex_printk!("system call {}", record.id)?;
    QUEUE.push(&record.args[0]).ok();
    STACK.force_push(&record.args[0]).ok();
    if let Some(count) = PER_CPU.get_mut(&0) {
        *count += 1;
    }
    EVENTS.output(program, record, &record.args[0], PerfEventMaskedCPU::current_cpu())
}

#[rex_perf_event]
fn reads_sample(_program: &perf_event, data: &bpf_perf_event_data) -> Result {
    Ok((data.sample_period() + data.addr() + data.regs().rip()) as i32)
}

/// Drops what has a VLAN tag; clones what is ARP.
#[rex_tc]
fn no_vlan(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    if skb.vlan_tci() != 0 {
        return Ok(TC_ACT_SHOT as i32);
    }
    if u16::from(skb.protocol()) == 0x0806 {
        program.bpf_clone_redirect(skb, 3, 0)?;
    }
    Ok(TC_ACT_OK as i32)
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Locked {
    lock: bpf_spin_lock,
    reserved: u32,
}

#[rex_map]
static LOCKED: RexArrayMap<Locked> = RexArrayMap::new(1, 0);

/// The verdict says what became of an attempt at a header that can be changed; while a lock is held there is none.
#[rex_tc]
fn tries_under_lock(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    let entry = LOCKED.get_mut(&0).ok_or(-1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    match program.try_ip_header(skb) {
        Ok(_) => Ok(100),
        Err(HeaderError::NotWritable) => Ok(101),
        Err(_) => Ok(102),
    }
}

/// Formats with a conversion that follows an address, and two without. A text's address is what is formatted.
const FORMATS: [&str; 8] = ["%s", "%5s\0", "%%%-3s", "%p", "%pI4", "%08px", "%%s", "%llx"];

/// A bit for each of them that is taken.
fn taken(format: impl Fn(&mut [u8; 64], &str, &[u64; 1]) -> Result) -> Result {
    let secret = *b"text\0\0\0\0";
    let address = [core::hint::black_box(&secret).as_ptr() as u64];
    let mut bits = 0;
    for (number, text) in FORMATS.iter().enumerate() {
        if format(&mut [0; 64], text, &address).is_ok() {
            bits |= 1 << number;
        }
    }
    Ok(bits)
}

#[rex_tc]
fn formats_addresses(program: &sched_cls, _: &mut __sk_buff) -> Result {
    taken(|text, format, data| program.bpf_snprintf(text, format, data))
}

/// Tracing programs may read the kernel's memory anyway.
#[rex_kprobe]
fn traces_addresses(program: &kprobe, _: &mut PtRegs) -> Result {
    taken(|text, format, data| program.bpf_snprintf(text, format, data))
}

/// The form without `try_` panics.
#[rex_tc]
fn writes_under_lock(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    program.read_ip_header(skb).map_err(|_| 102)?;
    let entry = LOCKED.get_mut(&0).ok_or(-1)?;
    let _guard = rex_spinlock_guard::new(&mut entry.lock);
    program.ip_header(skb).ttl = 1;
    Ok(100)
}

/// Changes a header by both forms, and reads the changes.
#[rex_tc]
fn changes_headers(program: &sched_cls, skb: &mut __sk_buff) -> Result {
    let before = program.read_ip_header(skb).map_err(|_| 102)?;
    program.try_ip_header(skb).map_err(|_| 103)?.ttl = before.ttl ^ 0xff;
    program.ip_header(skb).tos = 0x55;
    let after = program.read_ip_header(skb).map_err(|_| 104)?;
    let others = (after.id, after.check, after.saddr, after.daddr)
        == (before.id, before.check, before.saddr, before.daddr);
    Ok(i32::from(others && after.ttl == before.ttl ^ 0xff && after.tos == 0x55))
}

/// The verdict is the system call's number, if all 64 bits of it are that.
#[rex_tracepoint]
fn number_of_call(_: &tracepoint<SyscallsEnterDupCtx>, record: &'static SyscallsEnterDupCtx) -> Result {
    Ok(i32::try_from(record.syscall_nr).map_or(-1000, |number| number + record.fildes as i32))
}

#[rex_map]
static LARGE: RexArrayMap<u64> = RexArrayMap::new(2000, 0);

/// Marks some elements of an array.
#[rex_kprobe(function = "mark")]
fn marks_array(_: &kprobe, _: &mut PtRegs) -> Result {
    for index in [10, 12, 1000] {
        LARGE.insert(&index, &7)?;
    }
    Ok(0)
}
