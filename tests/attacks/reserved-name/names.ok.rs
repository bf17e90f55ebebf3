// SPDX-License-Identifier: Apache-2.0
#![no_std]
extern crate core as base;
pub mod rexx {
    pub fn __rexx() -> u32 {
        1
    }
}
pub struct Tail {
    pub rex: u32,
    pub _rex_: u32,
}
macro_rules! module {
    ($name:ident, $alias:ident) => {
        pub mod $name {
            pub use super::rexx as $alias;
        }
    };
}
module!(rexes, also);
// The names are only text here: "__rex_map_static", extern crate self as rex.
pub fn sum(tail: &Tail) -> u32 {
    let rex = tail.rex;
    base::cmp::max(rex, tail._rex_) + rexx::__rexx() + rexes::also::__rexx() + "mod rex; as rex".len() as u32
}
