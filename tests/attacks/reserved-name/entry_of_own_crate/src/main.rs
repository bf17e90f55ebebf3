// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
extern crate rex as real;
extern crate self as rex;
use real::rex_xdp;

pub mod program {
    pub type Function = fn(&'static mut [u64; 512], ()) -> u32;
    #[repr(C)]
    pub struct Marker {
        pub magic: [u8; 16],
        pub name: &'static str,
        pub section: &'static str,
        pub entry: Function,
    }
}
pub mod xdp {
    use crate::program::*;
    pub const fn program(name: &'static str, entry: Function) -> Marker {
        Marker { magic: *b"REXPROGRAMv1\0\0\0\0", name, section: "xdp", entry }
    }
}

#[rex_xdp]
fn evil(context: &'static mut [u64; 512], _: ()) -> u32 {
    context[0] as u32
}
