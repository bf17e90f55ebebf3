#!/usr/bin/env unsafe { "
// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub const NAME: &[u8] = br##"\x"#"##;
