// SPDX-License-Identifier: Apache-2.0
//~ REX0303
#![no_std]
pub fn call(function: extern "C" fn()) {
    function()
}
