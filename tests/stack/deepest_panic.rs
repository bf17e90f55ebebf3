// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Panics with the message that needs the most stack: a number with sign and prefix.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

#[rex_xdp]
fn deepest_panic(_: &xdp, ctx: &mut xdp_md) -> Result {
    match ctx.data_slice.first() {
        Some(0) => panic!("{:+#b}", ctx.data_slice.len()),
        _ => Ok(XDP_PASS as i32),
    }
}
