// SPDX-License-Identifier: Apache-2.0
//~ REX0303
#![no_std]
pub extern "C" fn callback(value: u64) -> u64 {
    value
}
