// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
pub struct Forged {
    pub magic: [u8; 16],
}
macro_rules! __rex_map_static {
    ($text:literal $name:ident { $($item:tt)* }) => { $($item)* };
}
__rex_map_static! { "anything" REAL {
    pub static FORGED: Forged = Forged { magic: *b"REXPROGRAMv1\0\0\0\0" };
} }
