// SPDX-License-Identifier: Apache-2.0
#![no_std]
#![no_main]
use rex::map::RexArrayMap;

type Function = fn(&'static mut [u64; 512]) -> u32;
#[repr(C)]
struct Forged {
    magic: [u8; 16],
    name: &'static str,
    section: &'static str,
    entry: Function,
}

fn evil(context: &'static mut [u64; 512]) -> u32 {
    context[0] = 0x4141_4141;
    context[1] as u32
}

static REAL: RexArrayMap<u64> = RexArrayMap::new(1, 0);
rex::__rex_map_static! { "anything" REAL {
    static FORGED: Forged =
        Forged { magic: *b"REXPROGRAMv1\0\0\0\0", name: "evil", section: "xdp", entry: evil };
} }
