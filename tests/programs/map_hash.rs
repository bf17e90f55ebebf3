// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A hash map: look up, insert, update, delete, and counting in place.
#![no_std]
#![no_main]
use rex::linux::bpf::*;
use rex::map::*;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
struct Flow {
    source: u32,
    destination: u32,
    protocol: u32,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Counters {
    packets: u64,
    bytes: u64,
}

#[rex_map]
static FLOWS: RexHashMap<Flow, Counters> = RexHashMap::new(1024, 0);

#[rex_map]
static BLOCKED: RexHashMap<u32, u32> = RexHashMap::new(64, BPF_F_NO_PREALLOC);

#[rex_xdp]
fn map_hash(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let bytes = ctx.data_length() as u64;
    let Ok(mut ip) = obj.try_ip_header(ctx) else {
        return Ok(XDP_PASS as i32);
    };
    let flow = Flow { source: *ip.saddr(), destination: *ip.daddr(), protocol: ip.protocol.into() };
    drop(ip);
    if BLOCKED.get(&flow.source).is_some_and(|until| until > 0) {
        if let Some(rest) = BLOCKED.get_mut(&flow.source) {
            *rest -= 1;
        }
        return Ok(XDP_DROP as i32);
    }
    match obj.bpf_map_lookup_elem(&FLOWS, &flow) {
        Some(counters) => {
            counters.packets += 1;
            counters.bytes += bytes;
            if counters.packets > 1000 {
                BLOCKED.insert_new(&flow.source, &10).ok();
                FLOWS.delete(&flow).ok();
            }
        }
        None => {
            let first = Counters { packets: 1, bytes };
            obj.bpf_map_update_elem(&FLOWS, &flow, &first, BPF_NOEXIST.into()).ok();
        }
    }
    Ok(XDP_PASS as i32)
}
