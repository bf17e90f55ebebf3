// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Produces {
    type Product;
}
impl<R, F: Fn() -> R> Produces for F {
    type Product = R;
}
