// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};
#[path = "data.txt"]
mod data;

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    _ = ctx;
    Ok(data::ZERO)
}
