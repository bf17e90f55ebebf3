// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

struct Guard(u32);
impl Drop for Guard {
    fn drop(&mut self) {}
}

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    let guard = Guard(ctx.data_length() as u32);
    Ok((XDP_PASS + (guard.0 >> 31)) as i32)
}
