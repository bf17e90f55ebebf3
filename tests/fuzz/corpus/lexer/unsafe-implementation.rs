// SPDX-License-Identifier: Apache-2.0
//~ REX0301
#![no_std]
use core::cell::Cell;
pub struct Shared(Cell<u64>);
unsafe impl Sync for Shared {}
