// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Derived Debug of nested types, plain and pretty.
#![no_std]
#![no_main]
#![allow(dead_code)] // fields that only Debug reads
use rex::xdp::*;
use rex::{Result, rex_printk, rex_xdp};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Layer {
    Empty,
    Raw(u8),
    Typed { kind: u16, length: usize },
}

#[derive(Debug)]
struct Summary<'a> {
    layers: [Layer; 3],
    first: &'a [u8],
    even: bool,
    pair: (u32, Option<i64>),
}

#[rex_xdp]
fn derive_debug(_: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &ctx.data_slice;
    let kind = match packet.get(12..14) {
        Some(bytes) => u16::from_be_bytes([bytes[0], bytes[1]]),
        None => 0,
    };
    let summary = Summary {
        layers: [
            Layer::Empty,
            packet.first().map_or(Layer::Empty, |&byte| Layer::Raw(byte)),
            Layer::Typed { kind, length: packet.len() },
        ],
        first: packet.get(..4).unwrap_or(&[]),
        even: packet.len().is_multiple_of(2),
        pair: (7, packet.len().checked_sub(14).map(|rest| rest as i64)),
    };
    rex_printk!("{:?}", summary.layers).ok();
    rex_printk!("{:#?}", summary).ok();
    Ok(XDP_PASS as i32)
}
