// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
// The parts stand apart; only the expansion shows the type.
macro_rules! pointer {
    ($arguments:tt $keyword:tt $result:ty) => {
        $keyword $arguments -> $result
    };
}
pub struct Promise<'b>(core::marker::PhantomData<&'b ()>);
static PROMISE: Promise = Promise(core::marker::PhantomData);
fn longer<'a, 'b, T>(_: &'a Promise<'b>, value: &'b T) -> &'a T {
    value
}
pub fn forge(value: &u32) -> &'static u32 {
    let function: pointer!((_, &u32) fn &'static u32) = longer;
    function(&PROMISE, value)
}
