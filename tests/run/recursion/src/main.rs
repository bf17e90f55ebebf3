// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A program that recurses as deeply as its packet says: a stack check has to stop it. For
//! tests/run/run.bats.
#![no_std]
#![no_main]

use core::hint::black_box;
use rex::xdp::*;
use rex::{Result, rex_xdp};

fn ether_type(packet: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes([*packet.get(12)?, *packet.get(13)?]))
}

#[inline(never)]
fn depth(number: u64, seed: &[u64; 16]) -> u64 {
    let mut own = *seed;
    own[(number % 16) as usize] ^= number;
    black_box(&mut own);
    if number == 0 { own[0] } else { depth(number - 1, &own) + own[1] }
}

#[rex_xdp]
fn recurses(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let rounds = if ether_type(&ctx.data_slice) == Some(0x0806) { 1_000_000 } else { 5 };
    black_box(depth(black_box(rounds), &[1; 16]));
    Ok(XDP_PASS as i32)
}
