// SPDX-License-Identifier: Apache-2.0
#![no_std]
// Two ways lead from each alias to the next, and the names are declared in expanded source once more.
macro_rules! twice {
    ($($name:ident = $other:ident;)*) => {
        $(pub type $name = ($other, $other);)*
    };
}
pub type A0 = u8;
twice! {
    A1 = A0; A2 = A1; A3 = A2; A4 = A3; A5 = A4; A6 = A5; A7 = A6; A8 = A7; A9 = A8; A10 = A9;
}
pub type B0 = u8;
pub type B1 = (B0, B0);
pub type B2 = (B1, B1);
pub type B3 = (B2, B2);
pub type B4 = (B3, B3);
pub type B5 = (B4, B4);
pub type B6 = (B5, B5);
pub type B7 = (B6, B6);
pub type B8 = (B7, B7);
pub type B9 = (B8, B8);
pub trait Named {
    type Name;
}
impl Named for B9 {
    type Name = A10;
}
pub type Function = for<'a> fn(&'a B9) -> &'a u8;
