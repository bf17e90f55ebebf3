// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};
use rex::map::RexHashMap;
use rex::rex_map;

#[rex_map]
static VALUES: RexHashMap<u32, &'static u32> = RexHashMap::new(4, 0);

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    let found = VALUES.get_mut(&1).is_some();
    _ = ctx;
    Ok(if found { 1 } else { XDP_PASS as i32 })
}
