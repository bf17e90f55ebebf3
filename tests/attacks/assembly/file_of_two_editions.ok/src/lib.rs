// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub mod shared;
