// SPDX-License-Identifier: Apache-2.0
//~ REX0323
#![no_std]
pub fn transfer<I: Iterator + 'static>(_: I, x: I::Item) -> impl Fn() -> u8 + 'static where I::Item: Fn() -> u8 { x }
