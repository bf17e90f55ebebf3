// SPDX-License-Identifier: Apache-2.0
//~ REX0301
//~ edition 2021
#![no_std]
pub unsafe fn read(address: *const u64) -> u64 {
    core::ptr::read(address)
}
