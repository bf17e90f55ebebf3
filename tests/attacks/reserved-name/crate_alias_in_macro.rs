// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
macro_rules! call {
    ($crate_name:ident, $name:ident) => {
        extern crate $crate_name as $name;
    };
}
call!(core, rex);
pub fn largest() -> u32 {
    rex::cmp::max(1, 2)
}
