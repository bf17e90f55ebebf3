// SPDX-License-Identifier: Apache-2.0
//~ REX0301
//~ edition 2018
#![no_std]
// Before edition 2021 'r#unsafe is three tokens.
macro_rules! pick {
    ($lifetime:lifetime # $keyword:tt $body:block) => {
        $keyword $body
    };
}
pub fn read(address: *const u64) -> u64 {
    pick!('r#unsafe { *address })
}
