// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Parser<'a> {
    data: &'a [u8],
}
impl<'a> Parser<'a> {
    pub fn rest(&self) -> &'a [u8] {
        self.data
    }
}
pub fn longest<'a>(words: &'a [&'a str], name: &&str) -> Option<&'a str> {
    words.iter().copied().find(|word| word.len() > name.len())
}
pub fn named<'a, 'b: 'a>(first: &'a str, second: &'b str) -> &'a str {
    if first.is_empty() { second } else { first }
}
pub static TABLE: &'static [&'static str] = &["a", "b"];
pub fn each<F>(values: &[u32], function: F)
where
    F: for<'x> Fn(&'x u32) -> &'x u32,
{
    for value in values {
        function(value);
    }
}
pub fn total<C>(values: &C) -> u32
where
    for<'x> &'x C: IntoIterator<Item = &'x u32>,
{
    values.into_iter().sum()
}
