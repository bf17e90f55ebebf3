// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
pub trait Super<'a, 'b> { fn convert<T: ?Sized>(value: &'a T) -> &'b T; }
pub trait Sub<'a, 'b, R>: Super<'a, 'b> {}
pub struct Tool;
impl<'a: 'b, 'b> Super<'a, 'b> for Tool { fn convert<T: ?Sized>(value: &'a T) -> &'b T { value } }
pub struct Promise<'b, 'a: 'b>(core::marker::PhantomData<(&'a (), &'b ())>);
impl<'a, 'b> Sub<'a, 'b, Promise<'b, 'a>> for Tool {}
fn by_sub<'a, 'b, S, T: ?Sized>(value: &'a T) -> &'b T where S: for<#[cfg(all())] 'x, 'y> Sub<'x, 'y, Promise<'y, 'x>> { by_super::<S, T>(value) }
fn by_super<'a, 'b, S, T: ?Sized>(value: &'a T) -> &'b T where S: for<#[cfg(all())] 'x, 'y> Super<'x, 'y> { S::convert(value) }
pub fn forge<'a, 'b, T: ?Sized>(value: &'a T) -> &'b T { by_sub::<Tool, T>(value) }
