// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! An array as a histogram of packet sizes, and one of settings that user space writes.
#![no_std]
#![no_main]
use rex::map::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[rex_map]
static SIZES: RexArrayMap<u64> = RexArrayMap::new(16, 0);

#[derive(Clone, Copy)]
#[repr(C)]
struct Settings {
    largest: u32,
    enabled: u32,
    names: [[u8; 8]; 4],
}

#[rex_map]
static SETTINGS: RexArrayMap<Settings> = RexArrayMap::new(1, 0);

#[rex_xdp]
fn map_array(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let length = ctx.data_length();
    let bucket = (usize::BITS - length.leading_zeros()).min(15);
    if let Some(count) = SIZES.get_mut(&bucket) {
        *count += 1;
    }
    obj.bpf_map_update_elem(&SIZES, &0, &(length as u64), 0)?;
    let settings = SETTINGS.get(&0).ok_or(XDP_PASS as i32)?;
    let named = settings.names.iter().filter(|name| name[0] != 0).count();
    if settings.enabled != 0 && length > settings.largest as usize && named > 0 {
        return Ok(XDP_DROP as i32);
    }
    Ok(XDP_PASS as i32)
}
