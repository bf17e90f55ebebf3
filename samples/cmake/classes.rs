// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Classes of packet sizes: a library, compiled on its own with `rexc -c`.
#![no_std]

/// How many classes there are.
pub const CLASSES: u32 = 5;

/// The class of a length in bytes: up to 64, 128, 512, 1518, and what is larger.
pub fn class(length: usize) -> u32 {
    match length {
        0..=64 => 0,
        65..=128 => 1,
        129..=512 => 2,
        513..=1518 => 3,
        _ => 4,
    }
}
