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
pub type Converter = pointer!((&Promise<'static>, &u32) fn &'static u32);
