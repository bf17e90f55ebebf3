// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Which flow a packet belongs to.
//!
//! Whoever sends a packet chooses its bytes and its length, so nothing here indexes, and every loop has an end
//! that no packet can move.

use rex::linux::if_ether::{ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP, ETH_P_IPV6};
use rex::utils::{NoRef, try_read};
use rex::xdp::{ethhdr, iphdr};

/// One direction of a conversation. It is a map's key: integers only and no padding, as user space and the hash
/// see its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Flow {
    /// IPv6, or IPv4 mapped into it (::ffff:192.0.2.1), as in a packet.
    pub source: [u8; 16],
    pub destination: [u8; 16],
    /// Of TCP, UDP, UDP-Lite and SCTP; 0 for what has none: other protocols and later fragments.
    pub source_port: u16,
    pub destination_port: u16,
    /// The identifier of the outermost VLAN tag; 0 without one.
    pub vlan: u16,
    /// What the IP header carries, extension headers of IPv6 left out.
    pub protocol: u8,
    /// 4 or 6.
    pub version: u8,
}

/// Why a packet belongs to no flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    NotIp,
    /// It ends too early or contradicts itself.
    Malformed,
}

/// The header of IPv6 (RFC 8200, section 3).
#[derive(Clone, Copy)]
#[repr(C)]
struct Ipv6 {
    _version_class_label: [u8; 4],
    _payload_length: u16,
    next_header: u8,
    _hop_limit: u8,
    source: [u8; 16],
    destination: [u8; 16],
}

const TAGS_MAX: usize = 2;
const TAG_SIZE: usize = 4;
const VLAN_IDENTIFIER: u16 = 0x0fff;

/// A packet with more extension headers than any honest one has.
const EXTENSIONS_MAX: usize = 8;
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;

const IPV4_FRAGMENT_OFFSET: u16 = 0x1fff;
const IPV6_FRAGMENT_OFFSET: u16 = 0xfff8;

/// Where what IP carries begins; None when that is in an earlier fragment.
struct Payload {
    protocol: u8,
    offset: Option<usize>,
}

fn at<T: Copy + NoRef>(bytes: &[u8], offset: usize) -> Result<T, Error> {
    bytes.get(offset..).and_then(try_read).ok_or(Error::Malformed)
}

/// The flow of an Ethernet frame.
pub fn parse(bytes: &[u8]) -> Result<Flow, Error> {
    let ethernet: ethhdr = at(bytes, 0)?;
    let mut ethertype = u32::from(u16::from_be(ethernet.h_proto));
    let mut offset = size_of::<ethhdr>();
    let mut vlan = 0;
    for depth in 0..TAGS_MAX {
        if ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD {
            break;
        }
        let tag: [u8; TAG_SIZE] = at(bytes, offset)?;
        if depth == 0 {
            vlan = u16::from_be_bytes([tag[0], tag[1]]) & VLAN_IDENTIFIER;
        }
        ethertype = u32::from(u16::from_be_bytes([tag[2], tag[3]]));
        offset += TAG_SIZE;
    }
    let (mut flow, payload) = match ethertype {
        ETH_P_IP => ipv4(bytes, offset)?,
        ETH_P_IPV6 => ipv6(bytes, offset)?,
        _ => return Err(Error::NotIp),
    };
    flow.vlan = vlan;
    flow.protocol = payload.protocol;
    if let (Some(offset), true) = (payload.offset, has_ports(payload.protocol)) {
        let [source, destination]: [u16; 2] = at(bytes, offset)?;
        flow.source_port = u16::from_be(source);
        flow.destination_port = u16::from_be(destination);
    }
    Ok(flow)
}

fn flow(version: u8, source: [u8; 16], destination: [u8; 16]) -> Flow {
    Flow { source, destination, source_port: 0, destination_port: 0, vlan: 0, protocol: 0, version }
}

fn has_ports(protocol: u8) -> bool {
    const TCP: u8 = 6;
    const UDP: u8 = 17;
    const SCTP: u8 = 132;
    const UDP_LITE: u8 = 136;
    matches!(protocol, TCP | UDP | SCTP | UDP_LITE)
}

/// ::ffff:a.b.c.d (RFC 4291, section 2.5.5.2). The address is as in the packet, whatever the machine's byte order.
fn mapped(address: u32) -> [u8; 16] {
    let [a, b, c, d] = address.to_ne_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d]
}

fn ipv4(bytes: &[u8], offset: usize) -> Result<(Flow, Payload), Error> {
    let ip: iphdr = at(bytes, offset)?;
    let length = usize::from(ip.ihl()) * 4;
    if ip.version() != 4 || length < size_of::<iphdr>() {
        return Err(Error::Malformed);
    }
    let later = u16::from_be(ip.frag_off) & IPV4_FRAGMENT_OFFSET != 0;
    let payload =
        Payload { protocol: ip.protocol, offset: if later { None } else { Some(offset + length) } };
    Ok((flow(4, mapped(ip.saddr), mapped(ip.daddr)), payload))
}

fn ipv6(bytes: &[u8], offset: usize) -> Result<(Flow, Payload), Error> {
    let ip: Ipv6 = at(bytes, offset)?;
    if ip._version_class_label[0] >> 4 != 6 {
        return Err(Error::Malformed);
    }
    let payload = skip_extensions(bytes, offset + size_of::<Ipv6>(), ip.next_header)?;
    Ok((flow(6, ip.source, ip.destination), payload))
}

/// Follows IPv6's chain of extension headers to what it carries.
fn skip_extensions(bytes: &[u8], start: usize, first: u8) -> Result<Payload, Error> {
    let (mut header, mut offset) = (first, start);
    for _ in 0..EXTENSIONS_MAX {
        if !matches!(header, HOP_BY_HOP | ROUTING | FRAGMENT | AUTHENTICATION | DESTINATION_OPTIONS) {
            return Ok(Payload { protocol: header, offset: Some(offset) });
        }
        let [next, length, high, low]: [u8; 4] = at(bytes, offset)?;
        offset += match header {
            FRAGMENT => 8,
            AUTHENTICATION => (usize::from(length) + 2) * 4,
            _ => (usize::from(length) + 1) * 8,
        };
        if header == FRAGMENT && u16::from_be_bytes([high, low]) & IPV6_FRAGMENT_OFFSET != 0 {
            return Ok(Payload { protocol: next, offset: None });
        }
        header = next;
    }
    Err(Error::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORTS: [u8; 4] = [0x03, 0xe8, 0x00, 0x35]; // 1000, 53

    fn ethernet(ethertype: u16, rest: &[&[u8]]) -> Vec<u8> {
        let mut bytes = vec![0; 12];
        bytes.extend(ethertype.to_be_bytes());
        rest.iter().for_each(|part| bytes.extend(*part));
        bytes
    }

    fn ipv4_header(protocol: u8, fragment: u16) -> [u8; 20] {
        let [high, low] = fragment.to_be_bytes();
        [0x45, 0, 0, 28, 0, 0, high, low, 64, protocol, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2]
    }

    fn ipv6_header(next: u8) -> [u8; 40] {
        let mut header = [0; 40];
        header[0] = 0x60;
        header[6] = next;
        header[8] = 0x20;
        header[23] = 1;
        header[24] = 0x20;
        header[39] = 2;
        header
    }

    fn ports(flow: Flow) -> (u16, u16) {
        (flow.source_port, flow.destination_port)
    }

    #[test]
    fn ipv4_flows() {
        let flow = parse(&ethernet(0x0800, &[&ipv4_header(17, 0), &PORTS])).unwrap();
        assert_eq!((flow.version, flow.protocol, flow.vlan), (4, 17, 0));
        assert_eq!(ports(flow), (1000, 53));
        assert_eq!(flow.source, *b"\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\x02\x01");
        assert_eq!(flow.destination[12..], [192, 0, 2, 2]);
    }

    #[test]
    fn ipv6_flows() {
        let flow = parse(&ethernet(0x86dd, &[&ipv6_header(6), &PORTS])).unwrap();
        assert_eq!((flow.version, flow.protocol), (6, 6));
        assert_eq!(ports(flow), (1000, 53));
        assert_eq!((flow.source[15], flow.destination[15]), (1, 2));
    }

    #[test]
    fn later_fragments_have_no_ports() {
        let flow = parse(&ethernet(0x0800, &[&ipv4_header(17, 0x2001), &PORTS])).unwrap();
        assert_eq!(ports(flow), (0, 0));
        let first = parse(&ethernet(0x0800, &[&ipv4_header(17, 0x2000), &PORTS])).unwrap();
        assert_eq!(ports(first), (1000, 53));
        for (offset, expected) in [(1, (1000, 53)), (8, (0, 0))] {
            let fragment = [17, 0, 0, offset, 0, 0, 0, 0];
            let bytes = ethernet(0x86dd, &[&ipv6_header(FRAGMENT), &fragment, &PORTS]);
            let flow = parse(&bytes).unwrap();
            assert_eq!((flow.protocol, ports(flow)), (17, expected));
        }
    }

    #[test]
    fn extension_headers_are_followed() {
        let options = [ROUTING, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let routing = [AUTHENTICATION, 0, 0, 0, 0, 0, 0, 0];
        let authentication = [17, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let parts: [&[u8]; 5] =
            [&ipv6_header(HOP_BY_HOP), &options, &routing, &authentication, &PORTS];
        let flow = parse(&ethernet(0x86dd, &parts)).unwrap();
        assert_eq!((flow.protocol, ports(flow)), (17, (1000, 53)));
    }

    #[test]
    fn a_chain_without_end_is_refused() {
        let header = [HOP_BY_HOP, 0, 0, 0, 0, 0, 0, 0];
        let chain = header.repeat(100);
        let bytes = ethernet(0x86dd, &[&ipv6_header(HOP_BY_HOP), &chain]);
        assert_eq!(parse(&bytes), Err(Error::Malformed));
    }

    #[test]
    fn tags() {
        let tag = [0x20, 0x2a, 0x08, 0x00]; // priority 1, VLAN 42
        let flow = parse(&ethernet(0x8100, &[&tag, &ipv4_header(6, 0), &PORTS])).unwrap();
        assert_eq!((flow.vlan, ports(flow)), (42, (1000, 53)));
        let outer = [0x00, 0x07, 0x81, 0x00];
        let flow = parse(&ethernet(0x88a8, &[&outer, &tag, &ipv4_header(1, 0)])).unwrap();
        assert_eq!((flow.vlan, flow.protocol), (7, 1));
    }

    #[test]
    fn packets_of_every_length() {
        for (ethertype, header) in [(0x0800, &ipv4_header(17, 0)[..]), (0x86dd, &ipv6_header(17))] {
            let whole = ethernet(ethertype, &[header, &PORTS]);
            for length in 0..whole.len() {
                assert_eq!(parse(&whole[..length]), Err(Error::Malformed), "{length}");
            }
        }
        assert_eq!(parse(&ethernet(0x0806, &[&[0; 28]])), Err(Error::NotIp));
    }
}
