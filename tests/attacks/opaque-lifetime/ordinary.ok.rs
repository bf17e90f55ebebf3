// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub trait Named { fn name(&self) -> u32; }
pub struct Table<T> { rows: [T; 4] }
impl<T: Copy + PartialEq> Table<T> {
    pub fn all(&self) -> impl Iterator<Item = T> + use<'_, T> { self.rows.iter().copied() }
    pub fn others<'a>(&'a self, than: &'a T) -> impl Iterator<Item = &'a T> + Clone { self.rows.iter().filter(move |row| *row != than) }
}
pub fn evens<T: Into<u64> + Copy>(list: &[T]) -> impl Iterator<Item = u64> { list.iter().map(|&n| n.into()).filter(|n| n % 2 == 0) }
pub fn bytes<'a>(text: &'a [u8]) -> impl Iterator<Item = u8> + 'a { text.iter().copied() }
pub fn adder(n: u32) -> impl Fn(u32) -> u32 + 'static { move |m| m.wrapping_add(n) }
pub fn each<T: Named>(list: &[T]) -> impl Fn(usize) -> Option<u32> { move |i| list.get(i).map(Named::name) }
