// SPDX-License-Identifier: Apache-2.0
#![no_std]
// Other names of types that are plainly named, with parameters and without.
pub struct Boxed<T>(pub T);
pub type Other<T> = Boxed<T>;
pub type Whole<T> = crate::Boxed<T>;
pub type Outcome<T> = core::result::Result<T, u8>;
use core::option::Option as Maybe;
pub trait Unit {
    type Of;
}
impl Unit for Other<u8> {
    type Of = u8;
}
impl Unit for Whole<u16> {
    type Of = u16;
}
impl<T> Unit for Outcome<T> {
    type Of = T;
}
impl<T> Unit for Maybe<T> {
    type Of = T;
}
