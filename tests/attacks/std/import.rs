// SPDX-License-Identifier: Apache-2.0
//~ REX0309
#![no_std]
pub use std::vec::Vec;
