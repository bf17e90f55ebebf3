// SPDX-License-Identifier: Apache-2.0
//~ REX0311
#![no_std]
#[target_feature(enable = "avx2")]
pub fn wide() {}
