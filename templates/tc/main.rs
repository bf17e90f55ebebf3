// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Counts bytes by IPv4 destination, and drops fragments that port filters cannot judge.

// There is no standard library in the kernel, and no main function: the kernel calls the programs below. Tests
// run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

use rex::map::RexHashMap;
use rex::sched_cls::{__sk_buff, TC_ACT_OK, TC_ACT_SHOT, sched_cls};
use rex::{Result, rex_map, rex_tc};

/// What went to one address. Both counters are 64 bits wide, so they do not overflow in a lifetime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
struct Traffic {
    packets: u64,
    bytes: u64,
}

/// A map is shared between the program, on every CPU, and user space. The key is an address as it
/// stands in the packet, so `bpftool map dump` shows its bytes in the usual order.
#[rex_map]
static DESTINATIONS: RexHashMap<[u8; 4], Traffic> = RexHashMap::new(4096, 0);

const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;

/// What this program needs to know of an IPv4 header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    destination: [u8; 4],
    /// Where in the original packet this fragment begins, in units of 8 bytes.
    fragment_offset: u16,
}

/// The IPv4 header of a packet; None when it has none. A packet may be shorter than it should be, so nothing here
/// indexes beyond what `get` has found to be there.
fn header(packet: &[u8]) -> Option<Header> {
    if packet.get(12..ETHERNET)? != IPV4.to_be_bytes() {
        return None;
    }
    let ip: &[u8; 20] = packet.get(ETHERNET..ETHERNET + 20)?.try_into().ok()?;
    Some(Header {
        destination: [ip[16], ip[17], ip[18], ip[19]],
        fragment_offset: u16::from_be_bytes([ip[6], ip[7]]) & 0x1fff,
    })
}

impl Traffic {
    fn add(&mut self, bytes: u32) {
        self.packets += 1;
        self.bytes += u64::from(bytes);
    }
}

/// The program: called for each packet that comes to the device's queue. Its value is the verdict.
#[rex_tc]
fn account(_: &sched_cls, skb: &mut __sk_buff) -> Result {
    let length = skb.len();
    let Some(header) = header(&skb.data_slice) else {
        return Ok(TC_ACT_OK as i32);
    };
    // Only a packet's first fragment says which port it is for; who lets the others pass lets an attacker choose
    // what the receiver puts together.
    if header.fragment_offset != 0 {
        return Ok(TC_ACT_SHOT as i32);
    }
    match DESTINATIONS.get_mut(&header.destination) {
        Some(traffic) => traffic.add(length),
        None => {
            let mut traffic = Traffic::default();
            traffic.add(length);
            // When the map is full, the destination is not counted.
            let _ = DESTINATIONS.insert(&header.destination, &traffic);
        }
    }
    Ok(TC_ACT_OK as i32)
}

/// Run with `rexc test`: plain functions need no kernel.
#[cfg(test)]
mod tests {
    use super::*;

    fn packet(destination: [u8; 4], fragment: u16) -> [u8; 34] {
        let mut packet = [0; 34];
        packet[12..14].copy_from_slice(&IPV4.to_be_bytes());
        packet[14] = 0x45;
        packet[20..22].copy_from_slice(&fragment.to_be_bytes());
        packet[30..34].copy_from_slice(&destination);
        packet
    }

    #[test]
    fn headers_are_read() {
        let found = header(&packet([192, 0, 2, 1], 0x2005)).unwrap();
        assert_eq!(found, Header { destination: [192, 0, 2, 1], fragment_offset: 5 });
    }

    #[test]
    fn other_protocols_have_no_header() {
        let mut arp = packet([0; 4], 0);
        arp[12..14].copy_from_slice(&[0x08, 0x06]);
        assert_eq!(header(&arp), None);
    }

    #[test]
    fn packets_that_end_early_do_not_panic() {
        let packet = packet([192, 0, 2, 1], 0);
        for length in 0..packet.len() {
            assert_eq!(header(&packet[..length]), None);
        }
    }

    #[test]
    fn traffic_adds_up() {
        let mut traffic = Traffic::default();
        traffic.add(60);
        traffic.add(1500);
        assert_eq!(traffic, Traffic { packets: 2, bytes: 1560 });
    }
}
