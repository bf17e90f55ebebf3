// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
macro_rules! run {
    ($keyword:tt $body:block) => {
        $keyword $body
    };
}
pub fn read(address: *const u64) -> u64 {
    run!(unsafe { *address })
}
