// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Same {
    type Itself: ?Sized;
}
impl Same for u32 {
    type Itself = u64;
}
pub trait Other {
    type Product;
}
impl Other for <u32 as Same>::Itself {
    type Product = u8;
}
