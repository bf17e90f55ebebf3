// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
trait Object<U> { type Output; }
impl<#[cfg(all())] T: ?Sized, U> Object<U> for T { type Output = U; }
fn convert<T: ?Sized, U>(value: <T as Object<U>>::Output) -> U { value }
pub fn transmute<T, U>(value: T) -> U { convert::<dyn Object<U, Output = T>, U>(value) }
