// SPDX-License-Identifier: Apache-2.0
//~ REX0309
pub fn answer() -> u32 {
    42
}
