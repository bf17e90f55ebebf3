// SPDX-License-Identifier: Apache-2.0
#![no_std]
//! An ordinary library.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count(pub u32);

pub fn zero(length: usize) -> u32 {
    Count::default().0 * length as u32
}
