// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! 128-bit arithmetic: rates without overflow, division and remainder.
#![no_std]
#![no_main]
use rex::kprobe::kprobe;
use rex::map::RexArrayMap;
use rex::pt_regs::PtRegs;
use rex::{Result, rex_kprobe, rex_map, rex_printk};

#[rex_map]
static TOTALS: RexArrayMap<[u64; 2]> = RexArrayMap::new(1, 0);

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[rex_kprobe(function = "ksys_read")]
fn wide_integers(obj: &kprobe, regs: &mut PtRegs) -> Result {
    let now = u128::from(obj.bpf_ktime_get_ns()) + 1;
    let size = u128::from(regs.rdx());
    let rate = size * 8_000_000_000u128 / now;
    let signed = -(rate as i128) / 3;
    let scaled = rate.saturating_mul(1_000_000_007) >> 13;
    let common = greatest_common_divisor(size | 1, now);
    if let Some(total) = TOTALS.get_mut(&0) {
        let sum = (u128::from(total[0]) << 64 | u128::from(total[1])).wrapping_add(scaled);
        *total = [(sum >> 64) as u64, sum as u64];
    }
    rex_printk!("{} bit/s {} {}", rate, signed, common)?;
    Ok(0)
}
