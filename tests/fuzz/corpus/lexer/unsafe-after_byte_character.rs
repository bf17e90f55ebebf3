// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
pub fn read<'a>(address: *const u64) -> u64 {
    let _bytes = (b'\'', b'"', '\\', '\'');
    unsafe { *address } // '
}
