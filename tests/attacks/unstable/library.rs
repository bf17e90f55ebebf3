// SPDX-License-Identifier: Apache-2.0
//~ REX0306
#![no_std]
pub fn first(values: &[u32]) -> Option<&[u32; 2]> {
    values.as_array()
}
pub fn leak() -> usize {
    core::mem::variant_count::<Option<u32>>()
}
