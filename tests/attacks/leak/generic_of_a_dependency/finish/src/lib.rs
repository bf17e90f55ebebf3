// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub fn finish<T>(value: T) {
    let function: fn(T) = core::mem::forget;
    function(value)
}
