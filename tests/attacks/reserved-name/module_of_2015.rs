// SPDX-License-Identifier: Apache-2.0
//~ edition 2015
//~ REX0321
#![no_std]
// In this edition ::rex begins at the crate's root.
pub mod rex {
    pub fn program() -> u32 {
        1
    }
}
pub fn one() -> u32 {
    ::rex::program()
}
