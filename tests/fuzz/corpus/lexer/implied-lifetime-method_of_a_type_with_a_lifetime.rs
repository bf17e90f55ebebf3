// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
use core::marker::PhantomData;
pub struct Promise<'b>(PhantomData<&'b ()>);
impl<'b> Promise<'b> {
    fn longer(&self, value: &'b u8) -> &u8 {
        value
    }
}
pub fn forge<'x>(value: &'x u8) -> &'static u8 {
    let function: for<'e> fn(&'e Promise<'static>, &'x u8) -> &'e u8 = Promise::<'x>::longer;
    function(&Promise(PhantomData), value)
}
