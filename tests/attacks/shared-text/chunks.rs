// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn valid(bytes: &[u8]) -> usize {
    bytes.utf8_chunks().map(|part| part.valid().chars().count()).sum()
}
