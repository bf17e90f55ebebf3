// SPDX-License-Identifier: Apache-2.0
//! Copies of memory that others write, for run.py, which looks at the machine code: `check` and `from_utf8` must be given
//! an address of the stack, and a value that is looked at twice must be loaded once.
#![no_std]
#![no_main]
use core::hint::black_box;
use rex::map::{RexArrayMap, RexHashMap, RexPerCPUArrayMap};
use rex::utils::{Text, convert_slice_to_struct, read_at, try_read};
use rex::xdp::{xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

type Large = [u8; 256];

#[rex_map]
static HASH: RexHashMap<u32, Large> = RexHashMap::new(1, 0);
#[rex_map]
static ARRAY: RexArrayMap<Large> = RexArrayMap::new(1, 0);
#[rex_map]
static PER_CPU: RexPerCPUArrayMap<Large> = RexPerCPUArrayMap::new(1, 0);
#[rex_map]
static NUMBER: RexArrayMap<u64> = RexArrayMap::new(1, 0);

/// A reader that the compiler does not look into, and knows to be one.
#[inline(never)]
fn check(bytes: &Large) -> u32 {
    let mut sum = 0u32;
    for (i, byte) in bytes.iter().enumerate() {
        sum = sum.wrapping_mul(i as u32 | 1).wrapping_add(u32::from(*byte));
    }
    sum
}

#[rex_xdp]
fn get_hash(_: &xdp, _: &mut xdp_md) -> Result {
    let copy = HASH.get(&0).ok_or(0)?;
    Ok(check(&copy) as i32)
}

#[rex_xdp]
fn get_array(_: &xdp, _: &mut xdp_md) -> Result {
    let copy = ARRAY.get(&0).ok_or(0)?;
    Ok(check(&copy) as i32)
}

#[rex_xdp]
fn get_per_cpu(_: &xdp, _: &mut xdp_md) -> Result {
    let copy = PER_CPU.get(&0).ok_or(0)?;
    Ok(check(&copy) as i32)
}

/// The control: no copy of the crate's, and none in the machine code either.
#[rex_xdp]
fn control(_: &xdp, _: &mut xdp_md) -> Result {
    let copy = *ARRAY.get_mut(&0).ok_or(0)?;
    Ok(check(&copy) as i32)
}

#[inline(never)]
fn read_slice(bytes: &[u8]) -> u32 {
    try_read::<Large>(bytes).map_or(0, |copy| check(&copy))
}

#[inline(never)]
fn view_slice(bytes: &[u8]) -> u32 {
    check(&convert_slice_to_struct::<Large>(bytes))
}

#[inline(never)]
fn text_of_slice(bytes: &[u8]) -> usize {
    Text::<256>::prefix_of(bytes).chars().count()
}

#[inline(never)]
fn text_of_array(bytes: &Large) -> usize {
    Text::<256>::from_bytes(bytes).map_or(0, |text| text.chars().count())
}

/// What is compared with the bound must be what indexes.
#[inline(never)]
fn index_of_slice(bytes: &[u8], table: &[u32; 16]) -> u32 {
    let index = read_at::<u16>(bytes, 0);
    table.get(usize::from(index)).copied().unwrap_or(u32::from(index))
}

/// The number of an array's element, too.
#[inline(never)]
fn index_of_element(key: &u32) -> u64 {
    NUMBER.get(key).unwrap_or(0)
}

#[rex_xdp]
fn index_of_map(_: &xdp, ctx: &mut xdp_md) -> Result {
    let index = NUMBER.get(&0).ok_or(0)? as usize;
    Ok(i32::from(*ctx.data_slice.get(index).ok_or(index as i32)?))
}

/// Both may be of one value of a map: what is read is what is there, not what was written through the first.
#[inline(never)]
fn both(one: &mut u64, other: &mut u64) -> u64 {
    *one = 1;
    *other = 2;
    *one
}

#[rex_xdp]
fn twice(_: &xdp, _: &mut xdp_md) -> Result {
    let (one, other) = (NUMBER.get_mut(&0).ok_or(0)?, NUMBER.get_mut(&0).ok_or(0)?);
    Ok(both(one, other) as i32)
}

#[rex_xdp]
fn calls(_: &xdp, ctx: &mut xdp_md) -> Result {
    let bytes = &ctx.data_slice[..];
    let table = black_box([7; 16]);
    let large = ARRAY.get_mut(&0).ok_or(0)?;
    let sum = read_slice(bytes) + view_slice(bytes) + index_of_slice(bytes, &table);
    let number = index_of_element(black_box(&sum));
    Ok((u64::from(sum) + number) as i32 + (text_of_slice(bytes) + text_of_array(large)) as i32)
}
