// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A histogram of the sizes that processes write, and who writes how much.

// There is no standard library in the kernel, and no main function: the kernel calls the programs below. Tests
// run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

use rex::kprobe::kprobe;
use rex::map::{RexArrayMap, RexHashMap};
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map};

/// Element n counts writes of 2^n to 2^(n+1) - 1 bytes; element 0 those of no byte as well. An array's elements are
/// all there from the start.
#[rex_map]
static SIZES: RexArrayMap<u64> = RexArrayMap::new(64, 0);

/// Bytes by process. A map is shared between the program, on every CPU, and user space.
#[rex_map]
static WRITERS: RexHashMap<u32, u64> = RexHashMap::new(1024, 0);

/// The histogram's element for a size.
fn bucket(size: u64) -> u32 {
    size.checked_ilog2().unwrap_or_default()
}

/// The program: called when the kernel enters `vfs_write(file, buffer, count, position)`. The registers hold the
/// arguments as the kernel's calling convention has them: rdi, rsi, rdx, rcx.
#[rex_kprobe(function = "vfs_write")]
fn count_writes(program: &kprobe, registers: &mut PtRegs) -> Result {
    let size = registers.rdx();
    if let Some(writes) = SIZES.get_mut(&bucket(size)) {
        *writes += 1;
    }
    let Some(task) = program.bpf_get_current_task() else {
        return Ok(0);
    };
    let process = task.get_tgid() as u32;
    match WRITERS.get_mut(&process) {
        Some(bytes) => *bytes += size,
        None => _ = WRITERS.insert(&process, &size),
    }
    Ok(0)
}

/// Run with `rexc test`: plain functions need no kernel.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_powers_of_two() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(1), 0);
        assert_eq!(bucket(2), 1);
        assert_eq!(bucket(3), 1);
        assert_eq!(bucket(4096), 12);
    }

    #[test]
    fn every_size_has_an_element() {
        assert!(bucket(u64::MAX) < 64);
    }
}
