// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub trait Trait<T> {
    type Assoc;
}
pub struct Dummy;
pub trait Named {
    type Alias: ?Sized;
}
impl Named for Dummy {
    type Alias = dyn Trait<i32, Assoc = u64>;
}
type Alias = <Dummy as Named>::Alias;
impl<T> Trait<T> for Alias {
    type Assoc = &'static u64;
}
fn convert<T>(value: <Alias as Trait<T>>::Assoc) -> &'static u64 {
    value
}
pub fn forge(value: u64) -> &'static u64 {
    convert::<i32>(value)
}
