// SPDX-License-Identifier: Apache-2.0
#![no_std]
pub struct Link {
    pub link: u32,
    pub section: &'static str,
}
#[must_use]
#[inline]
pub fn link(used: u32) -> Link {
    Link { link: used, section: "no_mangle link_section" }
}
