// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Counts packets by protocol, and drops multicast DNS that comes from the network.

// There is no standard library in the kernel, and no main function: the kernel calls the programs below. Tests
// run on the machine that builds, with both.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(not(test), no_main)]

use rex::map::RexHashMap;
use rex::xdp::{XDP_DROP, XDP_PASS, xdp, xdp_md};
use rex::{Result, rex_map, rex_xdp};

/// What packets are counted by. User space sees keys byte by byte, so a key must have no padding:
/// the compiler refuses one that has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
struct Kind {
    /// What the Ethernet header says: 0x0800 is IPv4, 0x86dd IPv6.
    ethertype: u16,
    /// What the IP header says: 6 is TCP, 17 UDP; 0 for what is not IP.
    protocol: u16,
}

/// A map is shared between the program, on every CPU, and user space. It has room for 64 kinds.
#[rex_map]
static PACKETS: RexHashMap<Kind, u64> = RexHashMap::new(64, 0);

/// Multicast DNS is for one's own network segment; nobody outside needs to ask this host.
const CLOSED_PORT: u16 = 5353;

const ETHERNET: usize = 14;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const UDP: u16 = 17;

/// Two bytes at an offset, as a number. A packet may be shorter than it should be, so nothing here
/// indexes: `get` says None where `[]` would panic.
fn number(packet: &[u8], offset: usize) -> Option<u16> {
    let bytes = packet.get(offset..offset + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// The kind of a packet; None when it ends before that can be said.
fn kind(packet: &[u8]) -> Option<Kind> {
    let ethertype = number(packet, 12)?;
    let protocol = match ethertype {
        IPV4 => u16::from(*packet.get(ETHERNET + 9)?),
        IPV6 => u16::from(*packet.get(ETHERNET + 6)?),
        _ => 0,
    };
    Some(Kind { ethertype, protocol })
}

/// The port that an IPv4 UDP datagram goes to; later fragments have none.
fn udp_port(packet: &[u8]) -> Option<u16> {
    let length = usize::from(*packet.get(ETHERNET)? & 0x0f) * 4;
    let fragment = number(packet, ETHERNET + 6)? & 0x1fff;
    if length < 20 || fragment != 0 {
        return None;
    }
    number(packet, ETHERNET + length + 2)
}

fn is_refused(packet: &[u8], kind: Kind) -> bool {
    kind.ethertype == IPV4 && kind.protocol == UDP && udp_port(packet) == Some(CLOSED_PORT)
}

/// The program: called for each packet that a network device receives, before the kernel has looked at it. Its
/// value is the verdict.
#[rex_xdp]
fn filter(_: &xdp, ctx: &mut xdp_md) -> Result {
    let packet = &ctx.data_slice;
    let Some(kind) = kind(packet) else {
        return Ok(XDP_DROP as i32);
    };
    match PACKETS.get_mut(&kind) {
        Some(count) => *count += 1,
        // The first packet of its kind. When the map is full, the kind is not counted.
        None => _ = PACKETS.insert(&kind, &1),
    }
    if is_refused(packet, kind) {
        return Ok(XDP_DROP as i32);
    }
    Ok(XDP_PASS as i32)
}

/// Run with `rexc test`: plain functions need no kernel.
#[cfg(test)]
mod tests {
    use super::*;

    /// An IPv4 UDP datagram to a port, as far as the UDP header.
    fn datagram(port: u16) -> [u8; 42] {
        let mut packet = [0; 42];
        packet[12..14].copy_from_slice(&IPV4.to_be_bytes());
        packet[14] = 0x45; // version 4, header of 5 words
        packet[23] = 17;
        packet[36..38].copy_from_slice(&port.to_be_bytes());
        packet
    }

    #[test]
    fn kinds_of_packets() {
        assert_eq!(kind(&datagram(53)), Some(Kind { ethertype: IPV4, protocol: UDP }));
        let mut arp = [0; 42];
        arp[12..14].copy_from_slice(&[0x08, 0x06]);
        assert_eq!(kind(&arp), Some(Kind { ethertype: 0x0806, protocol: 0 }));
    }

    #[test]
    fn only_the_closed_port_is_refused() {
        let kind = Kind { ethertype: IPV4, protocol: UDP };
        assert!(is_refused(&datagram(CLOSED_PORT), kind));
        assert!(!is_refused(&datagram(53), kind));
    }

    #[test]
    fn later_fragments_have_no_port() {
        let mut packet = datagram(CLOSED_PORT);
        packet[20] = 0x00;
        packet[21] = 0x10;
        assert_eq!(udp_port(&packet), None);
    }

    #[test]
    fn packets_that_end_early_do_not_panic() {
        let packet = datagram(CLOSED_PORT);
        for length in 0..packet.len() {
            let _ = kind(&packet[..length]);
            let _ = udp_port(&packet[..length]);
        }
    }
}
