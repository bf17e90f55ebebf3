// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn characters(bytes: &[u8]) -> usize {
    str::from_utf8(bytes).map_or(0, |text| text.chars().count())
}
