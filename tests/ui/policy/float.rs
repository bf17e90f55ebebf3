// SPDX-License-Identifier: Apache-2.0
//! exit: 1
#![no_std]
#![no_main]
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn bad(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let share = ctx.data_slice.len() as f32 * 0.5;
    Ok(share as i32)
}
