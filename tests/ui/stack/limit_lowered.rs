// SPDX-License-Identifier: Apache-2.0
//! exit: 1; -g --stack-limit 64
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_xdp};

#[rex_xdp]
fn small(_obj: &xdp, ctx: &mut xdp_md) -> Result {
    let words = black_box([ctx.data_slice.len() as u64; 32]);
    Ok((XDP_PASS as u64 + words[7] % 2) as i32)
}
