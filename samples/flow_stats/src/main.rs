// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Packets and bytes of every flow, IPv4 and IPv6, with and without VLAN tags; and a record in a ring buffer for each
//! flow that is new, so that user space need not look for them in the table.

// There is no standard library in the kernel, and no main function. Tests run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

mod flow;

use flow::{Error, Flow};
use rex::map::{RexArrayMap, RexHashMap, RexRingBuf};
use rex::utils::write_at;
use rex::xdp::{XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Traffic {
    packets: u64,
    bytes: u64,
    /// Nanoseconds since the machine was started.
    first: u64,
    last: u64,
}

/// A network card hands all packets of a flow to the same CPU, so counters here are rarely shared. Two CPUs that add at
/// the same moment may lose one packet; where that matters, put a lock into the value (samples/ratelimit).
#[rex_map]
static FLOWS: RexHashMap<Flow, Traffic> = RexHashMap::new(16384, 0);

/// What user space reads for a new flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct NewFlow {
    time: u64,
    /// Of the first packet, in bytes.
    length: u32,
    cpu: u32,
    flow: Flow,
}

/// Bytes; a power of two.
#[rex_map]
static NEW_FLOWS: RexRingBuf = RexRingBuf::new(65536, 0);

/// How often something was not counted, by [`Missed`].
#[rex_map]
static MISSED: RexArrayMap<u64> = RexArrayMap::new(4, 0);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Missed {
    NotIp = 0,
    Malformed = 1,
    /// The table had no room for a new flow.
    TableFull = 2,
    /// The ring buffer had no room for a record: user space does not keep up.
    RingFull = 3,
}

fn missed(what: Missed) {
    if let Some(count) = MISSED.get_mut(&(what as u32)) {
        *count += 1;
    }
}

impl Traffic {
    fn new(time: u64, length: usize) -> Traffic {
        Traffic { packets: 1, bytes: length as u64, first: time, last: time }
    }

    fn add(&mut self, time: u64, length: usize) {
        self.packets += 1;
        self.bytes += length as u64;
        self.last = time;
    }
}

/// Writes the record where user space will read it: nothing is copied later.
fn announce(program: &xdp, flow: &Flow, time: u64, length: usize) {
    let Some(mut record) = NEW_FLOWS.reserve(size_of::<NewFlow>()) else {
        return missed(Missed::RingFull);
    };
    let cpu = program.bpf_get_smp_processor_id() as u32;
    write_at(&mut record, 0, NewFlow { time, length: length as u32, cpu, flow: *flow });
    record.submit(0);
}

fn count(program: &xdp, flow: &Flow, length: usize) {
    let time = program.bpf_ktime_get_ns();
    if let Some(traffic) = FLOWS.get_mut(flow) {
        return traffic.add(time, length);
    }
    // Only if it is still absent: another CPU may have got a packet of the same flow meanwhile.
    if FLOWS.insert_new(flow, &Traffic::new(time, length)).is_ok() {
        return announce(program, flow, time, length);
    }
    match FLOWS.get_mut(flow) {
        Some(traffic) => traffic.add(time, length),
        None => missed(Missed::TableFull),
    }
}

/// The program: called for each packet that a network device receives. It only looks.
#[rex_xdp]
fn flow_stats(program: &xdp, ctx: &mut xdp_md) -> Result {
    match flow::parse(&ctx.data_slice) {
        Ok(flow) => count(program, &flow, ctx.data_length()),
        Err(Error::NotIp) => missed(Missed::NotIp),
        Err(Error::Malformed) => missed(Missed::Malformed),
    }
    Ok(XDP_PASS as i32)
}

/// Run with `rexc test`: plain functions need no kernel. Those of packets are in their module.
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traffic_adds_up() {
        let mut traffic = Traffic::new(10, 60);
        traffic.add(20, 1500);
        assert_eq!(traffic, Traffic { packets: 2, bytes: 1560, first: 10, last: 20 });
    }
}
