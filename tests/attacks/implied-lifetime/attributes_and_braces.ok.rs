// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Flag<const B: bool>;
pub trait Of<const B: bool> {
    type Kind<'a>;
}
impl Of<{ 2 > 1 }> for u8 {
    type Kind<'a> = &'a u8;
}
pub fn first<#[cfg(all())] 'a, T: Of<{ 3 > 2 }>>(#[allow(unused)] flag: Flag<{ 1 < 2 }>, value: &'a [u8; { 2 }]) -> &'a u8 {
    &value[0]
}
pub fn apply<F: for<#[cfg(all())] 'a> Fn(&'a u8) -> &'a u8>(f: F, value: &u8) -> u8 {
    *f(value)
}
pub struct Rows<'b, T>(pub &'b [u8], pub T);
impl<'b, T: Iterator<Item = u8>> Rows<'b, T> {
    pub fn row(&self, at: usize) -> Option<&'b u8> {
        self.0.get(at)
    }
}
