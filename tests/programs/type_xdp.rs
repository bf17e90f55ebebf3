// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! XDP: answers a UDP request in place, with a shorter packet.
#![no_std]
#![no_main]
use core::net::Ipv4Addr;
use rex::utils::*;
use rex::xdp::*;
use rex::{read_field, rex_printk, rex_xdp};

#[derive(Clone, Copy)]
#[repr(C)]
struct Request {
    kind: u16,
    sequence: u16,
}

const HEADERS: usize = size_of::<ethhdr>() + size_of::<iphdr>() + size_of::<udphdr>();

#[rex_xdp]
fn type_xdp(obj: &xdp, ctx: &mut xdp_md) -> Result {
    if obj.try_udp_header(ctx).is_err() || ctx.data_length() < HEADERS + size_of::<Request>() {
        return Ok(XDP_PASS as i32);
    }
    let mut ip_header = obj.ip_header(ctx);
    let source = Ipv4Addr::from(u32::from_be(*ip_header.saddr()));
    let (from, to) = (*ip_header.saddr(), *ip_header.daddr());
    *ip_header.saddr() = to;
    *ip_header.daddr() = from;
    drop(ip_header);
    rex_printk!("IP saddr {} protocol UDP", source)?;

    let kind = u16::from_be(read_field!(ctx.data_slice, HEADERS, Request, kind, u16));
    let mut request = convert_slice_to_struct_mut::<Request>(&mut ctx.data_slice[HEADERS..]);
    request.sequence = request.sequence.swap_bytes().wrapping_add(kind).swap_bytes();
    drop(request);

    let udp_header = obj.udp_header(ctx);
    let (source, dest) = (udp_header.source, udp_header.dest);
    drop(udp_header);
    let mut udp_header = obj.udp_header(ctx);
    udp_header.source = dest;
    udp_header.dest = source;
    udp_header.check = 0;
    drop(udp_header);

    let mut ethernet = obj.eth_header(ctx);
    let old = *ethernet;
    ethernet.h_dest = old.h_source;
    ethernet.h_source = old.h_dest;
    drop(ethernet);

    let surplus = ctx.data_length() - HEADERS - size_of::<Request>();
    obj.bpf_xdp_adjust_tail(ctx, -(surplus as i32))?;
    let mut ip_header = obj.ip_header(ctx);
    ip_header.tot_len = ((HEADERS - size_of::<ethhdr>() + size_of::<Request>()) as u16).to_be();
    ip_header.check = compute_ip_checksum(&mut ip_header);
    Ok(XDP_TX as i32)
}
