// SPDX-License-Identifier: Apache-2.0
//! exit: 1
#![no_std]
#![no_main]
use rex::sched_cls::__sk_buff;
use rex::xdp::xdp;
use rex::{Result, rex_xdp};

#[rex_xdp]
fn bad(_obj: &xdp, _ctx: &mut __sk_buff) -> Result {
    Ok(0)
}
