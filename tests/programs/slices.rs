// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Slices: splitting, searching, rotating, copying, in place in the packet.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

static PORTS: [u16; 8] = [22, 53, 80, 123, 443, 853, 3306, 8080];

fn swap_addresses(packet: &mut [u8]) -> Option<()> {
    let (destination, rest) = packet.split_at_mut_checked(6)?;
    destination.swap_with_slice(rest.get_mut(..6)?);
    Some(())
}

#[rex_xdp]
fn slices(_: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &mut ctx.data_slice;
    let Some(port) = packet.get(36..38).and_then(|bytes| bytes.try_into().ok()) else {
        return Ok(XDP_PASS as i32);
    };
    if PORTS.binary_search(&u16::from_be_bytes(port)).is_err() {
        return Ok(XDP_PASS as i32);
    }
    let mut tail = [0u8; 16];
    let taken = packet.len().min(tail.len());
    tail[..taken].copy_from_slice(&packet[packet.len() - taken..]);
    tail.rotate_left(3);
    tail.reverse();
    let zeroes = tail.chunks_exact(4).filter(|chunk| chunk.iter().all(|&byte| byte == 0)).count();
    if zeroes == 4 || tail.contains(&0x90) {
        return Ok(XDP_DROP as i32);
    }
    match swap_addresses(packet) {
        Some(()) => Ok(XDP_TX as i32),
        None => Ok(XDP_PASS as i32),
    }
}
