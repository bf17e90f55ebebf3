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
pub trait Longer<'a, 'b> {
    fn longer(self, value: &'b str) -> &'a str;
}
impl<'a, 'b> Longer<'a, 'b> for <Pair<'a, 'b> as Plain>::Number {
    fn longer(self, value: &'b str) -> &'a str {
        value
    }
}
pub fn forge<'x>(value: &'x str) -> &'static str {
    Longer::<'static, 'x>::longer((), value)
}
