// SPDX-License-Identifier: Apache-2.0
//! Does to IPv4 packets what user space says in MODE: 0 pass, 1 drop, 2 set the time to live to 77. COUNTS says how often.
#![no_std]
#![no_main]
use rex::map::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[rex_map]
static MODE: RexArrayMap<u32> = RexArrayMap::new(1, 0);
#[rex_map]
static COUNTS: RexArrayMap<u64> = RexArrayMap::new(3, 0);

#[rex_xdp]
fn vm_xdp(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Ok(mut ip) = obj.try_ip_header(ctx) else {
        return Ok(XDP_PASS as i32);
    };
    let mode = MODE.get_mut(&0).map_or(0, |mode| *mode);
    if mode == 2 {
        ip.ttl = 77;
        ip.check = compute_ip_checksum(&mut ip);
    }
    drop(ip);
    if let Some(count) = COUNTS.get_mut(&mode) {
        *count += 1;
    }
    Ok(if mode == 1 { XDP_DROP } else { XDP_PASS } as i32)
}
