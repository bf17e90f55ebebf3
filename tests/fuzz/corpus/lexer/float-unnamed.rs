// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn half(time: core::time::Duration) -> bool {
    let seconds = time.as_secs_f64();
    seconds + seconds > seconds
}
