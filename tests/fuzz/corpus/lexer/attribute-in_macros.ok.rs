// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![cfg_attr(not(test), allow(dead_code))]
macro_rules! constant {
    ($(#[$attribute:meta])* $name:ident = $value:expr) => {
        $(#[$attribute])*
        pub const $name: u32 = $value;
    };
}
constant! {
    /// The answer.
    #[doc(alias = "forty-two")]
    ANSWER = 42
}
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(C)]
pub struct Pair {
    pub a: u32,
    pub b: u32,
}
#[rustfmt::skip]
#[inline(always)]
#[must_use]
pub fn pair() -> Pair { Pair { a: ANSWER, b: 1 } }
#[diagnostic::on_unimplemented(message = "not a thing")]
pub trait Thing {}
