// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
#[doc = include_str!("/etc/hostname")]
pub fn documented() {}
