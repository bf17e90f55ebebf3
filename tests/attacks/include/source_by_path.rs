// SPDX-License-Identifier: Apache-2.0
//~ REX0312
#![no_std]
core::include!("/dev/null");
