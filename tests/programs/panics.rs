// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Everything that can panic in ordinary code, chosen by the first byte of the packet.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[rex_xdp]
fn panics(_: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &ctx.data_slice;
    let choice = packet.first().copied().unwrap_or(0);
    let zero = black_box(0u32);
    let result = match choice {
        0 => u32::from(packet[black_box(1 << 20)]),
        1 => 7 / zero,
        2 => packet.get(black_box(1 << 20)).copied().map(u32::from).unwrap(),
        3 => u32::from_str_radix("not a number", 10 + u32::from(choice)).expect("a number"),
        4 => u32::from(packet[black_box(9)..black_box(5)][0]),
        5 => panic!("the author's own: {}", packet.len()),
        6 => "\u{20ac}"[black_box(1)..].len() as u32,
        7 => *core::cell::RefCell::new(3u32).borrow(),
        8 => unreachable!(),
        9 => u32::try_from(black_box(1u64 << 40)).unwrap(),
        _ => XDP_PASS,
    };
    Ok(result as i32)
}
