// SPDX-License-Identifier: Apache-2.0
//~ REX0305
#![no_std]
#[clippy::dump]
pub fn free() {}
