// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub fn r#async(awaited: u32) -> u32 { awaited + "async fn".len() as u32 }
pub fn asynchronous() -> u32 { r#async(1) }
