// SPDX-License-Identifier: Apache-2.0
//~ edition 2015
//~ REX0321
#![no_std]
pub mod own {
    pub fn program() -> u32 {
        1
    }
}
use own as rex;
pub fn one() -> u32 {
    ::rex::program()
}
