// SPDX-License-Identifier: Apache-2.0
//~ REX0320
#![no_std]
#[cfg_attr(not(clippy), inline(never))]
pub fn hidden() {}
