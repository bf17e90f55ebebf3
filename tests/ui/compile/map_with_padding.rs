// SPDX-License-Identifier: Apache-2.0
//! exit: 1
#![no_std]
#![no_main]
use rex::map::RexHashMap;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

#[derive(Clone, Copy)]
#[repr(C)]
struct Padded {
    small: u8,
    large: u64,
}

#[rex_map]
static MAP: RexHashMap<Padded, u64> = RexHashMap::new(8, 0);

#[rex_xdp]
fn bad(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    let _ = MAP.get_mut(&Padded { small: 1, large: 2 });
    Ok(XDP_PASS as i32)
}
