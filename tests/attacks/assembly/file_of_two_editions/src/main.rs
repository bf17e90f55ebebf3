// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

mod shared;

#[rex_xdp]
fn program(_: &xdp, _: &mut xdp_md) -> Result {
    let _ = old::shared::LENGTH;
    shared::smuggled();
    Ok(XDP_PASS as i32)
}
