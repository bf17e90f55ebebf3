// SPDX-License-Identifier: Apache-2.0
//~ REX0322
#![no_std]
pub fn write(place: &mut [u8], character: char) -> usize {
    let text: &str = character.encode_utf8(place);
    text.chars().count()
}
