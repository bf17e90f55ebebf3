// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Counts packets by size class, built file by file as a C program would be.
#![no_std]
#![no_main]

mod limits;

use rex::map::RexArrayMap;
use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

#[rex_map]
static SIZES: RexArrayMap<u64> = RexArrayMap::new(classes::CLASSES, 0);

#[rex_xdp]
fn count_sizes(_: &xdp, ctx: &mut xdp_md) -> Result {
    let length = ctx.data_length();
    if let Some(count) = SIZES.get_mut(&classes::class(length)) {
        *count += 1;
    }
    let verdict = if limits::passes(length) { XDP_PASS } else { XDP_DROP };
    Ok(verdict as i32)
}
