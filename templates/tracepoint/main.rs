// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Which processes open files, and how many of them for writing.

// There is no standard library in the kernel, and no main function: the kernel calls the programs below. Tests
// run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

use rex::map::RexHashMap;
use rex::tracepoint::{SyscallsEnterOpenatCtx, tracepoint};
use rex::{Result, rex_map, rex_tracepoint};

/// What one process did. Values go to user space byte by byte, so a value must have no padding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Opens {
    reading: u64,
    writing: u64,
}

/// By process id. A map is shared between the program, on every CPU, and user space.
#[rex_map]
static OPENS: RexHashMap<u32, Opens> = RexHashMap::new(1024, 0);

/// The part of open's flags that says what for: O_RDONLY 0, O_WRONLY 1, O_RDWR 2.
const ACCESS_MODE: i64 = 3;

impl Opens {
    fn add(&mut self, flags: i64) {
        if flags & ACCESS_MODE == 0 {
            self.reading += 1;
        } else {
            self.writing += 1;
        }
    }
}

/// The program: called when a process calls openat(2). The type of the record says which event it is.
#[rex_tracepoint]
fn count_opens(
    program: &tracepoint<SyscallsEnterOpenatCtx>,
    record: &'static SyscallsEnterOpenatCtx,
) -> Result {
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let process = task.get_tgid() as u32;
    match OPENS.get_mut(&process) {
        Some(opens) => opens.add(record.flags),
        None => {
            let mut opens = Opens::default();
            opens.add(record.flags);
            // When the map is full, the process is not counted.
            let _ = OPENS.insert(&process, &opens);
        }
    }
    Ok(0)
}

/// Run with `rexc test`: plain functions need no kernel.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_say_what_for() {
        let mut opens = Opens::default();
        opens.add(0);
        opens.add(0x80000); // O_CLOEXEC
        opens.add(1);
        opens.add(0x241); // O_WRONLY, O_CREAT, O_TRUNC
        opens.add(2);
        assert_eq!(opens, Opens { reading: 2, writing: 3 });
    }
}
