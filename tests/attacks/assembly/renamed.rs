// SPDX-License-Identifier: Apache-2.0
//~ REX0302
#![no_std]
use core::arch::global_asm as words;
words!("memcpy: hlt");
