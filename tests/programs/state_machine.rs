// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Options, results, `?`, let-else, loops with labels: a TCP-like state machine over flags.
#![no_std]
#![no_main]
use rex::map::RexHashMap;
use rex::xdp::*;
use rex::{Result, rex_map, rex_xdp};

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum State {
    Closed = 0,
    Opening = 1,
    Open = 2,
    Closing = 3,
}

impl TryFrom<u32> for State {
    type Error = BadState;

    fn try_from(number: u32) -> core::result::Result<Self, BadState> {
        Ok(match number {
            0 => State::Closed,
            1 => State::Opening,
            2 => State::Open,
            3 => State::Closing,
            _ => return Err(BadState),
        })
    }
}

struct BadState;

impl From<BadState> for i32 {
    fn from(_: BadState) -> i32 {
        XDP_DROP as i32
    }
}

#[rex_map]
static STATES: RexHashMap<[u32; 2], u32> = RexHashMap::new(4096, 0);

fn step(state: State, syn: bool, ack: bool, fin: bool) -> State {
    match (state, syn, ack, fin) {
        (State::Closed, true, false, _) => State::Opening,
        (State::Opening, _, true, false) => State::Open,
        (State::Open, _, _, true) => State::Closing,
        (State::Closing, _, true, _) => State::Closed,
        (same, ..) => same,
    }
}

#[rex_xdp]
fn state_machine(obj: &xdp, ctx: &mut xdp_md) -> Result {
    let Ok(mut ip) = obj.try_ip_header(ctx) else {
        return Ok(XDP_PASS as i32);
    };
    let key = [*ip.saddr(), *ip.daddr()];
    drop(ip);
    let tcp = obj.try_tcp_header(ctx).map_err(|_| XDP_PASS as i32)?;
    let (syn, ack, fin) = (tcp.syn() != 0, tcp.ack() != 0, tcp.fin() != 0);
    let options = usize::from(tcp.doff()).saturating_sub(5) * 4;
    drop(tcp);
    let mut at = 54;
    let mut left = options;
    'options: while left > 0 {
        match ctx.data_slice.get(at) {
            None | Some(0) => break 'options,
            Some(1) => {
                at += 1;
                left -= 1;
            }
            Some(_) => {
                let length = usize::from(*ctx.data_slice.get(at + 1).ok_or(XDP_DROP as i32)?);
                if length < 2 || length > left {
                    return Err(XDP_DROP as i32);
                }
                at += length;
                left -= length;
            }
        }
    }
    let before = State::try_from(STATES.get(&key).unwrap_or(0))?;
    let after = step(before, syn, ack, fin);
    if after != before {
        STATES.insert(&key, &(after as u32)).or(Err(XDP_ABORTED as i32))?;
    }
    Ok(if before == State::Closed && !syn { XDP_DROP } else { XDP_PASS } as i32)
}
