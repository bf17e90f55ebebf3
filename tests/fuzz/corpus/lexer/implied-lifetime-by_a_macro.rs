// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
macro_rules! nested {
    ($outer:lifetime $inner:lifetime) => {
        & $outer & $inner ()
    };
}
pub fn longer<'a, 'b, T>(_: nested!('a 'b), value: &'b T) -> &'a T {
    value
}
