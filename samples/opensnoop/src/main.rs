// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Who opens which file: a record for user space of each path that the kernel is about to open, and counts by process.
//!
//! `do_filp_open(int dfd, struct filename *name, const struct open_flags *flags)` is where open(2), openat(2) and
//! openat2(2), io_uring and execve(2)'s interpreters meet. By then the path has been copied from the process, so that it
//! cannot be changed after this program has seen it.

// There is no standard library in the kernel, and no main function. Tests run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

mod path;

use path::{PATH_SIZE, STEP};
use rex::kprobe::kprobe;
use rex::map::{RexArrayMap, RexHashMap, RexRingBuf};
use rex::pt_regs::PtRegs;
use rex::task_struct::TaskStruct;
use rex::utils::write_at;
use rex::{Result, rex_kprobe, rex_map};

const NAME_SIZE: usize = 16;

/// What user space reads for each open. Integers and bytes only, and no padding: the compiler refuses a record
/// through which kernel memory would leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Open {
    process: u32,
    thread: u32,
    /// O_RDONLY and so on, as in open(2).
    flags: u32,
    /// Of the path, without a NUL; PATH_SIZE when it was cut.
    length: u32,
    name: [u8; NAME_SIZE],
    path: [[u8; STEP]; PATH_SIZE / STEP],
}

#[rex_map]
static OPENS: RexRingBuf = RexRingBuf::new(262_144, 0);

/// How many files each process opened, for reading and for writing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Count {
    reading: u64,
    writing: u64,
}

#[rex_map]
static PROCESSES: RexHashMap<u32, Count> = RexHashMap::new(4096, 0);

/// How often something was not reported, by [`Missed`].
#[rex_map]
static MISSED: RexArrayMap<u64> = RexArrayMap::new(3, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    /// The kernel's memory could not be read.
    Unreadable = 0,
    RingFull = 1,
    ProcessesFull = 2,
}

fn missed(what: Missed) {
    if let Some(count) = MISSED.get_mut(&(what as u32)) {
        *count += 1;
    }
}

/// Copies the path at that address, and returns its length. What cannot be read ends the run's work on it, nothing more:
/// addresses are only numbers here, and the kernel checks them.
fn read_path(
    program: &kprobe,
    address: u64,
    path: &mut [[u8; STEP]; PATH_SIZE / STEP],
) -> core::result::Result<usize, i32> {
    let mut place = address;
    let mut length = 0;
    for block in path {
        program.bpf_probe_read_kernel(block, place as *const ())?;
        if let Some(end) = path::end(block) {
            path::clear_from(block, end);
            return Ok(length + end);
        }
        place = place.wrapping_add(STEP as u64);
        length += STEP;
    }
    Ok(length)
}

fn record(
    program: &kprobe,
    task: &TaskStruct,
    registers: &PtRegs,
) -> core::result::Result<Open, i32> {
    let mut open = Open {
        process: task.get_tgid() as u32,
        thread: task.get_pid() as u32,
        flags: 0,
        length: 0,
        name: [0; NAME_SIZE],
        path: [[0; STEP]; PATH_SIZE / STEP],
    };
    // struct filename begins with the pointer to the path, struct open_flags with the flags.
    let mut name = 0u64;
    program.bpf_probe_read_kernel(&mut name, registers.rsi() as *const ())?;
    program.bpf_probe_read_kernel(&mut open.flags, registers.rdx() as *const ())?;
    open.length = read_path(program, name, &mut open.path)? as u32;
    let text = task.get_comm().unwrap_or_default().to_bytes();
    for (to, from) in open.name.iter_mut().zip(text) {
        *to = *from;
    }
    Ok(open)
}

impl Count {
    fn add(&mut self, flags: u32) {
        const ACCESS_MODE: u32 = 3; // O_RDONLY 0, O_WRONLY 1, O_RDWR 2
        if flags & ACCESS_MODE == 0 {
            self.reading += 1;
        } else {
            self.writing += 1;
        }
    }
}

fn count(open: &Open) {
    if PROCESSES.get_mut(&open.process).is_none() {
        // Only if it is still absent: another thread may have been first.
        let _ = PROCESSES.insert_new(&open.process, &Count::default());
    }
    match PROCESSES.get_mut(&open.process) {
        Some(count) => count.add(open.flags),
        None => missed(Missed::ProcessesFull),
    }
}

/// The program: called when the kernel enters the function. The registers hold its arguments: rdi, rsi, rdx.
#[rex_kprobe(function = "do_filp_open")]
fn opensnoop(program: &kprobe, registers: &mut PtRegs) -> Result {
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let Ok(open) = record(program, &task, registers) else {
        missed(Missed::Unreadable);
        return Ok(0);
    };
    count(&open);
    let Some(mut entry) = OPENS.reserve(size_of::<Open>()) else {
        missed(Missed::RingFull);
        return Ok(0);
    };
    write_at(&mut entry, 0, open);
    entry.submit(0);
    Ok(0)
}

/// Run with `rexc test`: plain functions need no kernel. Those of paths are in their module.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_what_for() {
        let mut count = Count::default();
        [0, 0x8_0000, 1, 0x241, 2].into_iter().for_each(|flags| count.add(flags));
        assert_eq!(count, Count { reading: 2, writing: 3 });
    }

    #[test]
    fn the_record_is_as_the_reader_expects() {
        assert_eq!(size_of::<Open>(), 16 + NAME_SIZE + PATH_SIZE);
    }
}
