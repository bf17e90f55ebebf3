// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Display and LowerHex of the author's own types.
#![no_std]
#![no_main]
use core::fmt;
use rex::xdp::*;
use rex::{Result, rex_printk, rex_xdp};

struct Mac([u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, byte) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

struct Checksum(u16);

impl fmt::LowerHex for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(&self.0, f)
    }
}

#[rex_xdp]
fn user_display(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Ok(ethernet) = obj.try_eth_header(ctx) else {
        return Ok(XDP_PASS as i32);
    };
    let (source, destination) = (Mac(ethernet.h_source), Mac(ethernet.h_dest));
    drop(ethernet);
    rex_printk!("{source} -> {destination}").ok();
    if let Ok(ip) = obj.try_ip_header(ctx) {
        rex_printk!("checksum {:#06x}, ttl {:>4}", Checksum(u16::from_be(ip.check)), ip.ttl).ok();
    }
    Ok(XDP_PASS as i32)
}
