// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
macro_rules! swapped {
    ($crate_name:ident, $module:ident) => {
        $crate_name::$module::x86_64::_bswap(1)
    };
}
pub fn swapped() -> i32 {
    swapped!(core, arch)
}
