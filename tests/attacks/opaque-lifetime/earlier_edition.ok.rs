// SPDX-License-Identifier: Apache-2.0
//~ edition 2021
#![no_std]
pub fn evens<'a, T: Into<u64> + Copy>(list: &'a [T]) -> impl Iterator<Item = u64> + use<'a, T> { list.iter().map(|&n| n.into()) }
