// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
static UNIT: &&() = &&();
fn longer<'a, 'b, T>(_: &'a &'b (), value: &'b T) -> &'a T {
    value
}
fn pointer<A, B, R>(function: fn(A, B) -> R) -> fn(A, B) -> R {
    function
}
pub fn forge(value: &u32) -> &u32 {
    pointer(longer)(UNIT, value)
}
