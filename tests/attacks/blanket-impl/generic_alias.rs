// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
// Any type into any other: the bare parameter is behind an alias.
type Same<T> = T;
trait Object<U> {
    type Output;
}
impl<T: ?Sized, U> Object<U> for Same<T> {
    type Output = U;
}
fn convert<T: ?Sized, U>(value: <T as Object<U>>::Output) -> U {
    value
}
pub fn transmute<T, U>(value: T) -> U {
    convert::<dyn Object<U, Output = T>, U>(value)
}
