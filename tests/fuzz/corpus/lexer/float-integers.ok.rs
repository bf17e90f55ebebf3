// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Nested(pub (u32, (u32, u32)));
pub const HEXADECIMAL: u32 = 0xf32;
pub const EXPONENT_LIKE: u32 = 0x1e5;
pub fn fields(nested: &Nested) -> u32 {
    let pair = ((1, 2), 3);
    let in_macro = [nested.0.1.0, pair.0.1, nested.0.1.1];
    in_macro.iter().sum::<u32>() + (1..2).sum::<u32>() + 1.max(2) + 1_000
}
/// 1.5 f32
pub const TEXT: &str = "1.5 f64";
