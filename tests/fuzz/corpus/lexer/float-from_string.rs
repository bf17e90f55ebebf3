// SPDX-License-Identifier: Apache-2.0
//~ REX0310
#![no_std]
pub fn parse(text: &str) -> bool {
    text.parse::<f64>().is_ok()
}
