// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
extern crate rex;
use rex::map::RexArrayMap;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

#[rex_map]
static SEEN: RexArrayMap<u64> = RexArrayMap::new(1, 0);

#[rex_xdp]
fn count(_: &xdp, ctx: &mut xdp_md) -> Result {
    if let Some(seen) = SEEN.get_mut(&0) {
        *seen += ctx.data_length() as u64;
    }
    Ok(XDP_PASS as i32)
}
