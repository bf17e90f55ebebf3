// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    Ok(XDP_PASS as i32 + middle::peek(ctx.data_length()) as i32)
}
