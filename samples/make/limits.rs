// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What is let through: a module of the program, found by its `mod limits;`.

/// Packets below the smallest Ethernet frame (without its checksum) were cut on the way.
pub const SMALLEST: usize = 14;

/// Is a packet of that length let through?
pub fn passes(length: usize) -> bool {
    length >= SMALLEST
}
