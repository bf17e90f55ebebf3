// SPDX-License-Identifier: Apache-2.0
//~ REX0313
#![no_std]
pub const HOME: Option<&str> = option_env!("HOME");
