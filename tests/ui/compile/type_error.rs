// SPDX-License-Identifier: Apache-2.0
//! exit: 1
#![no_std]
#![no_main]
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn bad(_obj: &xdp, _ctx: &mut xdp_md) -> Result {
    Ok("pass")
}
