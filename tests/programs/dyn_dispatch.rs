// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A chain of trait objects decides about a packet.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

trait Filter {
    fn verdict(&self, packet: &[u8]) -> Option<u32>;

    fn weight(&self) -> u32 {
        1
    }
}

struct Shorter(usize);
struct StartsWith(&'static [u8]);
struct Not<'a>(&'a dyn Filter);

impl Filter for Shorter {
    fn verdict(&self, packet: &[u8]) -> Option<u32> {
        (packet.len() < self.0).then_some(XDP_DROP)
    }
}

impl Filter for StartsWith {
    fn verdict(&self, packet: &[u8]) -> Option<u32> {
        packet.starts_with(self.0).then_some(XDP_PASS)
    }

    fn weight(&self) -> u32 {
        self.0.len() as u32
    }
}

impl Filter for Not<'_> {
    fn verdict(&self, packet: &[u8]) -> Option<u32> {
        match self.0.verdict(packet) {
            Some(_) => None,
            None => Some(XDP_TX),
        }
    }
}

static BROADCAST: StartsWith = StartsWith(&[0xff; 6]);

#[rex_xdp]
fn dyn_dispatch(_: &xdp, ctx: &mut xdp_md) -> Result {
    let short = Shorter(20);
    let inverted = Not(&short);
    let chain: [&dyn Filter; 3] = [&short, &BROADCAST, &inverted];
    let mut weight = 0;
    for filter in chain {
        weight += filter.weight();
        if let Some(verdict) = filter.verdict(&ctx.data_slice) {
            return Ok(if weight > 100 { XDP_PASS } else { verdict } as i32);
        }
    }
    Ok(XDP_PASS as i32)
}
