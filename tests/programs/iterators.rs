// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Iterator chains: the one's complement sum of the payload, run lengths, a zip of halves.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

struct Runs<'a> {
    bytes: &'a [u8],
}

impl Iterator for Runs<'_> {
    type Item = (u8, usize);

    fn next(&mut self) -> Option<(u8, usize)> {
        let (&first, _) = self.bytes.split_first()?;
        let length = self.bytes.iter().take_while(|&&byte| byte == first).count();
        self.bytes = &self.bytes[length..];
        Some((first, length))
    }
}

#[rex_xdp]
fn iterators(_: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &ctx.data_slice;
    let sum: u64 = packet
        .chunks(2)
        .skip(7)
        .map(|pair| u64::from(pair[0]) << 8 | pair.get(1).map_or(0, |&low| u64::from(low)))
        .sum();
    let folded = core::iter::successors(Some(sum), |&sum| {
        (sum > 0xffff).then_some((sum & 0xffff) + (sum >> 16))
    })
    .last()
    .unwrap_or(0);
    let longest = Runs { bytes: packet }.map(|(_, length)| length).max().unwrap_or(0);
    let half = packet.len() / 2;
    let same =
        packet[..half].iter().zip(packet[half..].iter().rev()).filter(|(a, b)| a == b).count();
    let position = packet.iter().rposition(|&byte| byte == 0x0a);
    if folded == 0xffff || longest > 256 || same > half / 2 || position == Some(3) {
        return Ok(XDP_DROP as i32);
    }
    Ok(XDP_PASS as i32)
}
