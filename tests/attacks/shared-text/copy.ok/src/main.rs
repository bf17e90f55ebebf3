// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use core::fmt::Write;
use rex::map::RexArrayMap;
use rex::utils::Text;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_printk, rex_xdp};

#[rex_map]
static NAMES: RexArrayMap<[u8; 16]> = RexArrayMap::new(1, 0);

#[rex_xdp]
fn names(_: &xdp, ctx: &mut xdp_md) -> Result {
    let a = NAMES.get_mut(&0).ok_or(0)?;
    let b = NAMES.get_mut(&0).ok_or(0)?;
    *a = *b"abcdefghijklmnop";
    let mut text = Text::<24>::until_nul(&a[..]);
    b[15] = 0xf0;
    write!(text, "{}{}", 'x', ctx.data_length()).map_err(|_| 0)?;
    rex_printk!("{} characters in {} bytes", text.chars().count(), text.len())?;
    Ok(XDP_PASS as i32)
}
