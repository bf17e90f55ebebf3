// SPDX-License-Identifier: Apache-2.0
//~ REX0316
#![no_std]
pub struct Pair<'a, 'b: 'a>(core::marker::PhantomData<(&'a (), &'b ())>);
pub trait Plain {
    type Number;
}
impl<'a, 'b> Plain for Pair<'a, 'b> {
    type Number = ();
}
mod inner {
    pub type Number<'a, 'b> = <super::Pair<'a, 'b> as super::Plain>::Number;
}
use inner::Number as Renamed;
pub trait Longer<'a, 'b> {
    fn longer(self, value: &'b str) -> &'a str;
}
impl<'a, 'b> Longer<'a, 'b> for Renamed<'a, 'b> {
    fn longer(self, value: &'b str) -> &'a str {
        value
    }
}
pub fn forge<'x>(value: &'x str) -> &'static str {
    Longer::<'static, 'x>::longer((), value)
}
