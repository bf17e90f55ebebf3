// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
//! Rules and what they match.

use crate::packet::Packet;

/// The end of the list: the value of elements that nobody wrote.
pub const END: u8 = 0;
pub const ALLOW: u8 = 1;
/// Any other number denies as well: a mistake in a rule must not open the door.
pub const DENY: u8 = 2;

pub const TCP: u8 = 6;
pub const UDP: u8 = 17;
pub const ICMP: u8 = 1;
pub const ANY: u8 = 0;

/// Addresses with the same first bits: 192.0.2.0/24 is those that begin as 192.0.2.0 does for 24 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Network {
    /// As it stands in a packet, so that `bpftool map dump` shows the bytes in the usual order.
    pub address: [u8; 4],
    /// 0 for every address, up to 32 for one.
    pub prefix: u32,
}

/// A range of ports, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct PortRange {
    pub first: u16,
    pub last: u16,
}

/// One rule. It is a map's value: integers only, and no padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Rule {
    pub source: Network,
    pub destination: Network,
    pub source_ports: PortRange,
    pub destination_ports: PortRange,
    /// IP protocol number; ANY matches all.
    pub protocol: u8,
    pub action: u8,
    pub _pad: [u8; 2],
}

impl Network {
    pub const ALL: Network = Network { address: [0; 4], prefix: 0 };

    pub fn contains(&self, address: u32) -> bool {
        // Shifting a u32 by 32 bits is an overflow; for /0 there is nothing to compare.
        let mask = u32::MAX.checked_shl(32u32.saturating_sub(self.prefix)).unwrap_or(0);
        (u32::from_be_bytes(self.address) ^ address) & mask == 0
    }
}

impl PortRange {
    pub const ALL: PortRange = PortRange { first: 0, last: u16::MAX };

    pub const fn one(port: u16) -> PortRange {
        PortRange { first: port, last: port }
    }

    fn contains(&self, port: u16) -> bool {
        (self.first..=self.last).contains(&port)
    }
}

impl Rule {
    pub fn matches(&self, packet: &Packet) -> bool {
        (self.protocol == ANY || self.protocol == packet.protocol)
            && self.source.contains(packet.source)
            && self.destination.contains(packet.destination)
            && self.matches_ports(packet)
    }

    /// What has no ports is matched only by rules that do not ask for any.
    fn matches_ports(&self, packet: &Packet) -> bool {
        match packet.ports {
            Some(ports) => {
                self.source_ports.contains(ports.source)
                    && self.destination_ports.contains(ports.destination)
            }
            None => self.source_ports == PortRange::ALL && self.destination_ports == PortRange::ALL,
        }
    }
}

const fn rule(action: u8, protocol: u8, source: Network, from: PortRange, to: PortRange) -> Rule {
    Rule {
        source,
        destination: Network::ALL,
        source_ports: from,
        destination_ports: to,
        protocol,
        action,
        _pad: [0; 2],
    }
}

const LAB: Network = Network { address: [192, 0, 2, 0], prefix: 24 };
const LAB_SERVER: Network = Network { address: [192, 0, 2, 2], prefix: 32 };
const LAB_LOWER_HALF: Network = Network { address: [192, 0, 2, 0], prefix: 25 };

/// The rules until user space has written its own. The first that matches decides.
pub const BUILT_IN: [Rule; 5] = [
    // The service, and what it answers: the firewall remembers no connections.
    rule(ALLOW, TCP, LAB, PortRange::ALL, PortRange::one(8080)),
    rule(ALLOW, TCP, LAB_SERVER, PortRange::one(8080), PortRange { first: 1024, last: 65535 }),
    // Nobody outside needs to ask this host by multicast DNS.
    rule(DENY, UDP, Network::ALL, PortRange::ALL, PortRange::one(5353)),
    rule(ALLOW, UDP, LAB_LOWER_HALF, PortRange::ALL, PortRange::ALL),
    rule(ALLOW, ICMP, Network::ALL, PortRange::ALL, PortRange::ALL),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Fragment, Ports};

    fn packet(protocol: u8, source: [u8; 4], destination_port: u16) -> Packet {
        Packet {
            source: u32::from_be_bytes(source),
            destination: u32::from_be_bytes([192, 0, 2, 2]),
            protocol,
            ports: Some(Ports { source: 40000, destination: destination_port }),
            fragment: Fragment::Whole,
        }
    }

    fn first_match(packet: &Packet) -> Option<usize> {
        BUILT_IN.iter().position(|rule| rule.matches(packet))
    }

    #[test]
    fn prefixes_of_every_length() {
        for prefix in 0..=32 {
            let network = Network { address: [192, 0, 2, 1], prefix };
            assert!(network.contains(0xc000_0201));
            // The bit behind the prefix is free, the last of the prefix is not.
            if prefix < 32 {
                assert!(network.contains(0xc000_0201 ^ (1 << (31 - prefix))));
            }
            if prefix > 0 {
                assert!(!network.contains(0xc000_0201 ^ (1 << (32 - prefix))));
            }
        }
    }

    #[test]
    fn a_prefix_that_is_too_long_matches_one_address() {
        let network = Network { address: [10, 0, 0, 1], prefix: 4000 };
        assert!(network.contains(0x0a00_0001));
        assert!(!network.contains(0x0a00_0000));
    }

    #[test]
    fn first_match_decides() {
        assert_eq!(first_match(&packet(TCP, [192, 0, 2, 200], 8080)), Some(0));
        assert_eq!(first_match(&packet(UDP, [192, 0, 2, 1], 5353)), Some(2));
        assert_eq!(first_match(&packet(UDP, [192, 0, 2, 1], 53)), Some(3));
        assert_eq!(first_match(&packet(UDP, [192, 0, 2, 128], 53)), None);
        assert_eq!(first_match(&packet(TCP, [198, 51, 100, 1], 8080)), None);
    }

    #[test]
    fn without_ports_only_rules_without_ports() {
        let mut later = packet(UDP, [192, 0, 2, 1], 0);
        later.ports = None;
        later.fragment = Fragment::Later;
        assert_eq!(first_match(&later), Some(3));
        later.protocol = TCP;
        assert_eq!(first_match(&later), None);
    }

    #[test]
    fn a_reversed_range_matches_nothing() {
        let range = PortRange { first: 10, last: 9 };
        assert!(!range.contains(9) && !range.contains(10));
    }
}
