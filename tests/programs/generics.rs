// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Generic types with trait bounds and constant parameters.
#![no_std]
#![no_main]
use core::ops::{Add, Mul};
use rex::xdp::*;
use rex::{Result, rex_xdp};

struct Ring<T, const N: usize> {
    items: [T; N],
    next: usize,
}

impl<T: Copy + Default, const N: usize> Ring<T, N> {
    fn new() -> Self {
        Ring { items: [T::default(); N], next: 0 }
    }

    fn push(&mut self, item: T) -> T {
        core::mem::replace(&mut self.items[core::mem::replace(&mut self.next, 0) % N], item)
    }

    fn fold<A>(&self, start: A, mut step: impl FnMut(A, T) -> A) -> A {
        let mut result = start;
        for &item in &self.items {
            result = step(result, item);
        }
        result
    }
}

trait Hash {
    const SEED: Self;
    fn mix(self, byte: u8) -> Self;
}

impl Hash for u32 {
    const SEED: u32 = 0x811c_9dc5;
    fn mix(self, byte: u8) -> u32 {
        (self ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    }
}

impl Hash for u64 {
    const SEED: u64 = 0xcbf2_9ce4_8422_2325;
    fn mix(self, byte: u8) -> u64 {
        (self ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }
}

fn hash<H: Hash>(bytes: &[u8]) -> H {
    bytes.iter().fold(H::SEED, |hash, &byte| hash.mix(byte))
}

fn polynomial<T>(coefficients: &[T], x: T) -> T
where
    T: Copy + Default + Add<Output = T> + Mul<Output = T>,
{
    coefficients.iter().fold(T::default(), |sum, &coefficient| sum * x + coefficient)
}

#[rex_xdp]
fn generics(_: &xdp, ctx: &mut xdp_md) -> Result {
    let mut ring = Ring::<u32, 8>::new();
    for chunk in ctx.data_slice.chunks(64).take(12) {
        ring.next += 1;
        ring.push(hash(chunk));
    }
    let total = ring.fold(0u64, |sum, item| sum + u64::from(item));
    let all: u64 = hash(&ctx.data_slice);
    let value =
        polynomial(&[3u64, 5, 7], all & 0xff) + polynomial(&[1u32, 2], total as u32 & 3) as u64;
    Ok(if value.is_multiple_of(97) { XDP_DROP } else { XDP_PASS } as i32)
}
