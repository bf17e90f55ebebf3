// SPDX-License-Identifier: Apache-2.0
//! exit: 1; -g
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

#[inline(never)]
fn histogram(packet: &[u8]) -> u64 {
    let mut counts = [0u64; 2560];
    for (place, byte) in packet.iter().enumerate() {
        counts[(usize::from(*byte) + place) % 2560] += 1;
    }
    black_box(&counts)[packet.len() % 2560]
}

#[rex_xdp]
fn deep(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    Ok((XDP_PASS as u64 + histogram(&ctx.data_slice) % 2) as i32)
}
