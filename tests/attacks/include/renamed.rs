// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
use core::include as bring;
bring!("/dev/null");
