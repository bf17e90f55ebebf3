// SPDX-License-Identifier: Apache-2.0
//~ REX0314
#![no_std]
type Unit = &'static &'static ();
type Longer = &'static u32;
static UNIT: Unit = &&();
fn longer<'a, 'b, T>(_: &'a &'b (), value: &'b T) -> &'a T {
    value
}
pub fn forge(value: &u32) -> Longer {
    let function: fn(Unit, &u32) -> Longer = longer;
    function(UNIT, value)
}
