// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! What a packet says about itself.
//!
//! Whoever sends a packet chooses its bytes and its length, so nothing here indexes: `get` and `try_read` answer
//! None where `[]` would panic, and a panic costs far more time than a verdict.

use rex::linux::if_ether::{ETH_P_8021AD, ETH_P_8021Q, ETH_P_IP};
use rex::linux::r#in::{IPPROTO_TCP, IPPROTO_UDP};
use rex::utils::try_read;
use rex::xdp::{ethhdr, iphdr};

/// TCP's and UDP's headers both begin with the ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub source: u16,
    pub destination: u16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fragment {
    /// Not a fragment.
    Whole,
    First,
    /// One that has no transport header.
    Later,
}

/// What rules are about. Addresses are numbers: 192.0.2.1 is 0xc0000201.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    pub source: u32,
    pub destination: u32,
    pub protocol: u8,
    /// Of TCP and UDP; other protocols and later fragments have none.
    pub ports: Option<Ports>,
    pub fragment: Fragment,
}

/// Why a packet cannot be judged by rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    NotIpv4,
    /// It ends too early or contradicts itself.
    Malformed,
}

/// VLAN tags that are looked through: one of a customer's (802.1Q) within one of a provider's (802.1ad).
const TAGS_MAX: usize = 2;
const TAG_SIZE: usize = 4;

const FRAGMENT_OFFSET: u16 = 0x1fff;
const MORE_FRAGMENTS: u16 = 0x2000;

/// The IPv4 header's offset. A tag must not hide a packet from the rules.
fn find_ipv4(bytes: &[u8]) -> Result<usize, Error> {
    let ethernet: ethhdr = try_read(bytes).ok_or(Error::Malformed)?;
    let mut ethertype = u32::from(u16::from_be(ethernet.h_proto));
    let mut offset = size_of::<ethhdr>();
    for _ in 0..TAGS_MAX {
        if ethertype != ETH_P_8021Q && ethertype != ETH_P_8021AD {
            break;
        }
        let tag: [u8; TAG_SIZE] = at(bytes, offset)?;
        ethertype = u32::from(u16::from_be_bytes([tag[2], tag[3]]));
        offset += TAG_SIZE;
    }
    if ethertype == ETH_P_IP { Ok(offset) } else { Err(Error::NotIpv4) }
}

fn at<T: Copy + rex::utils::NoRef>(bytes: &[u8], offset: usize) -> Result<T, Error> {
    bytes.get(offset..).and_then(try_read).ok_or(Error::Malformed)
}

pub fn parse(bytes: &[u8]) -> Result<Packet, Error> {
    let offset = find_ipv4(bytes)?;
    let ip: iphdr = at(bytes, offset)?;
    let length = usize::from(ip.ihl()) * 4;
    if ip.version() != 4 || length < size_of::<iphdr>() {
        return Err(Error::Malformed);
    }
    let fragment = fragment(u16::from_be(ip.frag_off));
    let has_ports = matches!(u32::from(ip.protocol), IPPROTO_TCP | IPPROTO_UDP);
    let ports = if has_ports && fragment != Fragment::Later {
        // A first fragment too short for them is an old way around firewalls (RFC 1858).
        let [source, destination]: [u16; 2] = at(bytes, offset + length)?;
        Some(Ports { source: u16::from_be(source), destination: u16::from_be(destination) })
    } else {
        None
    };
    Ok(Packet {
        source: u32::from_be(ip.saddr),
        destination: u32::from_be(ip.daddr),
        protocol: ip.protocol,
        ports,
        fragment,
    })
}

fn fragment(field: u16) -> Fragment {
    if field & FRAGMENT_OFFSET != 0 {
        Fragment::Later
    } else if field & MORE_FRAGMENTS != 0 {
        Fragment::First
    } else {
        Fragment::Whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TCP or UDP packet from 192.0.2.1 port 1000 to 192.0.2.2 port 53, behind that many VLAN tags.
    fn bytes(protocol: u8, tags: usize) -> Vec<u8> {
        let mut bytes = vec![0; 12];
        for _ in 0..tags {
            bytes.extend([0x81, 0x00, 0x00, 0x2a]);
        }
        bytes.extend([0x08, 0x00, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, protocol, 0, 0]);
        bytes.extend([192, 0, 2, 1, 192, 0, 2, 2]);
        bytes.extend([0x03, 0xe8, 0, 53, 0, 8, 0, 0]);
        bytes
    }

    const PORTS: Option<Ports> = Some(Ports { source: 1000, destination: 53 });

    #[test]
    fn everything_is_read() {
        let packet = parse(&bytes(17, 0)).unwrap();
        assert_eq!((packet.source, packet.destination), (0xc000_0201, 0xc000_0202));
        assert_eq!((packet.protocol, packet.ports), (17, PORTS));
        assert_eq!(packet.fragment, Fragment::Whole);
        assert_eq!(parse(&bytes(1, 0)).unwrap().ports, None);
    }

    #[test]
    fn tags_hide_nothing() {
        for tags in 0..=TAGS_MAX {
            assert_eq!(parse(&bytes(6, tags)).unwrap().ports, PORTS);
        }
        assert_eq!(parse(&bytes(6, TAGS_MAX + 1)), Err(Error::NotIpv4));
    }

    #[test]
    fn options_move_the_ports() {
        let mut packet = bytes(17, 0);
        packet[14] = 0x46;
        packet.splice(34..34, [1; 4]);
        assert_eq!(parse(&packet).unwrap().ports, PORTS);
    }

    #[test]
    fn fragments() {
        let mut packet = bytes(17, 0);
        packet[20] = 0x20;
        assert_eq!(parse(&packet).unwrap().fragment, Fragment::First);
        packet[21] = 1;
        let later = parse(&packet).unwrap();
        assert_eq!((later.fragment, later.ports), (Fragment::Later, None));
        packet[20] = 0x40; // do not fragment
        packet[21] = 0;
        assert_eq!(parse(&packet).unwrap().fragment, Fragment::Whole);
    }

    #[test]
    fn contradictions() {
        for first in [0x00, 0x35, 0x44, 0x65] {
            let mut packet = bytes(6, 0);
            packet[14] = first;
            assert_eq!(parse(&packet), Err(Error::Malformed));
        }
        let mut arp = bytes(6, 0);
        arp[13] = 0x06;
        assert_eq!(parse(&arp), Err(Error::NotIpv4));
    }

    #[test]
    fn packets_of_every_length() {
        let whole = bytes(6, 1);
        for length in 0..42 {
            assert_eq!(parse(&whole[..length]), Err(Error::Malformed), "{length}");
        }
        for length in 42..whole.len() {
            assert!(parse(&whole[..length]).is_ok(), "{length}");
        }
    }
}
