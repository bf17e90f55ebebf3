// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn range() -> bool {
    (0..1).contains(&0) && (..0.5).contains(&1e-3)
}
