// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn valid(bytes: &[u8; 16]) -> usize {
    <[u8]>::utf8_chunks(bytes).count()
}
