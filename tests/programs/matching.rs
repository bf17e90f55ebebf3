// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Pattern matching: ranges, bindings, slices, nested enums, guards.
#![no_std]
#![no_main]
#![allow(non_upper_case_globals)] // the kernel's names, in patterns
use rex::kprobe::kprobe;
use rex::linux::unistd::*;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

enum Class {
    Io { write: bool, size: u64 },
    Identity(u32),
    Memory,
    Other(Option<u32>),
}

fn classify(number: u32, size: u64) -> Class {
    match number {
        __NR_read => Class::Io { write: false, size },
        __NR_write | __NR_pwrite64 => Class::Io { write: true, size },
        identity @ __NR_getuid..=__NR_getsid => Class::Identity(identity - __NR_getuid),
        __NR_mmap | __NR_munmap | __NR_brk => Class::Memory,
        n if n > 400 => Class::Other(None),
        n => Class::Other(Some(n)),
    }
}

fn shape(bytes: &[u8]) -> u32 {
    match bytes {
        [] => 0,
        [one] => u32::from(*one),
        [first, .., last] if first == last => 2,
        [0x45, rest @ ..] => rest.len() as u32,
        [a, b, ..] => u32::from(*a) << 8 | u32::from(*b),
    }
}

#[rex_kprobe(function = "do_syscall_64")]
fn matching(_: &kprobe, regs: &mut PtRegs) -> Result {
    let text = regs.rsp().to_le_bytes();
    match classify(regs.rsi() as u32, regs.rdx()) {
        Class::Io { write: true, size: 0 } => Ok(1),
        Class::Io { size, .. } if size > 4096 => Ok(shape(&text[..3]) as i32 & 1),
        Class::Io { .. } => Ok(0),
        Class::Identity(id @ (0 | 2)) => rex_printk!("identity {}", id),
        Class::Identity(_) | Class::Memory => Ok(0),
        Class::Other(Some(n)) => Ok((n & 1) as i32),
        Class::Other(None) => Err(-22),
    }
}
