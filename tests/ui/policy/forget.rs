// SPDX-License-Identifier: Apache-2.0
//! exit: 1
#![no_std]
#![no_main]
use core::mem as memory;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn bad(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let leak = memory::forget::<u32>;
    leak(ctx.data_slice.len() as u32);
    Ok(XDP_PASS as i32)
}
