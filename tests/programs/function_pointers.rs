// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! A table of functions, chosen by the packet.
#![no_std]
#![no_main]
use rex::xdp::*;
use rex::{Result, rex_xdp};

type Handler = fn(&[u8], u32) -> Option<u32>;

fn tcp(payload: &[u8], state: u32) -> Option<u32> {
    payload.get(13).map(|&flags| state + u32::from(flags & 0x3f))
}

fn udp(payload: &[u8], state: u32) -> Option<u32> {
    let length = payload.get(4..6)?;
    Some(state ^ u32::from(u16::from_be_bytes([length[0], length[1]])))
}

fn other(_: &[u8], state: u32) -> Option<u32> {
    state.checked_sub(1)
}

static HANDLERS: [(u8, Handler); 2] = [(6, tcp), (17, udp)];

fn handler(protocol: u8) -> Handler {
    HANDLERS.iter().find(|(number, _)| *number == protocol).map_or(other, |(_, handler)| *handler)
}

#[rex_xdp]
fn function_pointers(_: &xdp, ctx: &mut xdp_md) -> Result {
    let Some(&protocol) = ctx.data_slice.get(23) else {
        return Ok(XDP_PASS as i32);
    };
    let payload = ctx.data_slice.get(34..).unwrap_or(&[]);
    let first = handler(protocol);
    let second = if payload.len() > 100 { other } else { first };
    let state = first(payload, 1).and_then(|state| second(payload, state));
    match state {
        Some(state) if state % 5 == 4 => Ok(XDP_DROP as i32),
        Some(_) => Ok(XDP_PASS as i32),
        None => Err(XDP_PASS as i32),
    }
}
