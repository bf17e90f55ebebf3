// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Closures: passed generically, as `&dyn Fn`, returned, and capturing by reference.
#![no_std]
#![no_main]
use rex::sched_cls::*;
use rex::{Result, rex_tc};

fn apply<F: FnMut(u8)>(bytes: &[u8], mut each: F) {
    for &byte in bytes {
        each(byte);
    }
}

fn above(limit: u8) -> impl Fn(u8) -> bool {
    move |byte| byte > limit
}

fn count(bytes: &[u8], wanted: &dyn Fn(u8) -> bool) -> usize {
    bytes.iter().filter(|byte| wanted(**byte)).count()
}

#[rex_tc]
fn closures(obj: &sched_cls, skb: &mut __sk_buff) -> Result {
    let mut sum = 0u32;
    apply(&skb.data_slice, |byte| sum = sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let high = above(0x7f);
    let limit = (obj.bpf_get_prandom_u32() & 0x7f) as u8;
    let near = move |byte: u8| byte.abs_diff(limit) < 16;
    let counts = [count(&skb.data_slice, &high), count(&skb.data_slice, &near)];
    if counts[0] > counts[1] && sum != 0 {
        return Ok(TC_ACT_SHOT as i32);
    }
    Ok(TC_ACT_OK as i32)
}
