// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};
use rex::map::RexHashMap;
use rex::rex_map;

#[derive(Clone, Copy)]
#[repr(C)]
pub struct Count {
    packets: u64,
    ports: [u16; 4],
}

#[rex_map]
static VALUES: RexHashMap<u32, Count> = RexHashMap::new(4, 0);

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    if let Some(count) = VALUES.get_mut(&1) {
        count.packets += 1;
        count.ports[0] = ctx.data_length() as u16;
    }
    Ok(XDP_PASS as i32)
}
