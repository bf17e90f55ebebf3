// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Eight KiB of local variables in one function: a histogram and its running sum.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[inline(never)]
fn most_frequent(packet: &[u8]) -> (usize, u64) {
    let mut histogram = [0u64; 1024];
    for pair in packet.windows(2) {
        let index = usize::from(pair[0]) * 4 + usize::from(pair[1] & 3);
        histogram[index & 1023] += 1;
    }
    let mut best = (0, 0);
    for (index, &count) in histogram.iter().enumerate() {
        if count > best.1 {
            best = (index, count);
        }
    }
    best
}

#[rex_xdp]
fn big_locals(_: &xdp, ctx: &mut xdp_md) -> Result {
    let (index, count) = most_frequent(&ctx.data_slice);
    if index == 0 && count > 64 { Ok(XDP_DROP as i32) } else { Ok(XDP_PASS as i32) }
}
