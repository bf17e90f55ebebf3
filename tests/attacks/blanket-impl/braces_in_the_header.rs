// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Object<U, const B: bool> { type Output; }
impl<T: ?Sized, U> Object<U, { 2 > 1 }> for T { type Output = U; }
fn convert<T: ?Sized, U>(value: <T as Object<U, true>>::Output) -> U { value }
pub fn transmute<T, U>(value: T) -> U { convert::<dyn Object<U, true, Output = T>, U>(value) }
