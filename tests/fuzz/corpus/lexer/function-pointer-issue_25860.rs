// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
// A 'static reference made of any other: rustc 1.96 accepts it.
static UNIT: &&() = &&();
fn longer<'a, 'b, T>(_: &'a &'b (), value: &'b mut T) -> &'a mut T {
    value
}
pub fn forge<T>(value: &mut T) -> &'static mut T {
    let function: fn(_, &mut T) -> &'static mut T = longer;
    function(UNIT, value)
}
