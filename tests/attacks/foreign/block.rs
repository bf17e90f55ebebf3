// SPDX-License-Identifier: Apache-2.0
//~ REX0303
//~ edition 2021
#![no_std]
extern "C" {
    fn panic_here();
}
