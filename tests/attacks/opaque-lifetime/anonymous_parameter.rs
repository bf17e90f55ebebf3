// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
// Here nothing is forged; the parameter is one over a type nevertheless.
pub fn numbers<'a>(each: impl Iterator<Item = u8> + 'a) -> Option<impl Iterator<Item = u8> + 'a> { Some(each) }
