// SPDX-License-Identifier: Apache-2.0
//~ REX0321
#![no_std]
// In the attributes' expansions ::rex would be this crate.
extern crate self as rex;
pub mod program {
    pub struct Marker(pub u32);
}
pub fn made() -> u32 {
    ::rex::program::Marker(1).0
}
