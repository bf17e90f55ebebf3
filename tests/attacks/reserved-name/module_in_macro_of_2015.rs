// SPDX-License-Identifier: Apache-2.0
//~ edition 2015
//~ REX0321
#![no_std]
macro_rules! module {
    ($name:ident) => {
        pub mod $name {
            pub fn program() -> u32 {
                1
            }
        }
    };
}
module!(rex);
pub fn one() -> u32 {
    ::rex::program()
}
