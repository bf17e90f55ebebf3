// SPDX-License-Identifier: Apache-2.0
#![no_std]
/* é /* 日本 */ */
pub const NAME: &str = "\
    é \"";
pub const LETTER: (char, char, u8) = ('é', '\u{1F600}', b'\'');
pub fn größe<'ä>(x: &'ä str) -> &'ä str {
    x
}
