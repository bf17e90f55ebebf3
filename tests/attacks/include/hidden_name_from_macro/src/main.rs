// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};
// The scan does not see include! here; the compiler's list of files shows what it read.
macro_rules! call {
    ($name:ident) => {
        $name!("data.txt");
    };
}
call!(include);

#[rex_xdp]
fn program(_: &xdp, ctx: &mut xdp_md) -> Result {
    _ = ctx;
    Ok(ZERO)
}
