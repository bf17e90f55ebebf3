// SPDX-License-Identifier: Apache-2.0
//~ REX0315
#![no_std]
pub fn longer<'a, 'b, T>(_: &'a &'b (), value: &'b T) -> &'a T {
    value
}
