// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
pub struct Holder<'a>(&'a ());
impl<'a> Holder<'a> {
    fn longer<'b>(_: &'a Promise<'b>, value: &'b u8) -> &'a u8 {
        value
    }
}
pub fn function() -> impl Fn(&'static Promise<'static>, &u8) {
    |promise, _| _ = Holder::<'static>::longer(promise, &1)
}
