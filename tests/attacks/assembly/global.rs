// SPDX-License-Identifier: Apache-2.0
//~ REX0302
#![no_std]
core::arch::global_asm!("memcpy: hlt");
