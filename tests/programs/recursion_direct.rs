// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A function that calls itself, as deep as the probed function's argument says.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::kprobe::kprobe;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_printk};

#[inline(never)]
fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(black_box(n - 1)) + fibonacci(black_box(n - 2)) }
}

#[inline(never)]
fn depth(n: u64) -> u64 {
    if n == 0 { 0 } else { black_box(depth(n - 1)) + 1 }
}

#[rex_kprobe(function = "kprobe_target_func")]
fn recursion_direct(obj: &kprobe, regs: &mut PtRegs) -> Result {
    let start = obj.bpf_ktime_get_ns();
    let n = regs.rdi().min(24);
    let result = fibonacci(n) + depth(n * 2);
    rex_printk!("{} in {} ns", result, obj.bpf_ktime_get_ns() - start)?;
    Ok(0)
}
